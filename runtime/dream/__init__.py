"""The algorithm. It knows neither networks nor providers."""

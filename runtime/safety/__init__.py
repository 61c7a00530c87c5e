"""What keeps the light safe: the flash limiter, last before every sink, and a pattern detector."""

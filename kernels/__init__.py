"""Pixel work of the dream: each kernel beside the NumPy function that defines it. Knows no network."""

"""Smoothing of the gradient: less pixel noise, larger strokes."""

from __future__ import annotations

import math

import numpy as np


def reach(sigma: float) -> int:
    """Pixels to each side that a Gaussian, cut at 3 sigma, takes in."""
    return max(1, math.ceil(3 * sigma))


def taps(sigma: float) -> np.ndarray:
    """Weights of a Gaussian, float32 [2 * reach + 1], sum 1."""
    radius = reach(sigma)
    offsets = np.arange(-radius, radius + 1, dtype=np.float64)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return (weights / weights.sum()).astype(np.float32)


def blur(gradient: np.ndarray, sigma: float) -> np.ndarray:
    """Separable Gaussian with the edge repeated. gradient: float32 [channels, height, width].

    sigma in pixels, 0 leaves it unchanged.
    """
    if sigma <= 0:
        return gradient
    weights = taps(sigma)
    radius = len(weights) // 2
    for axis in (-1, -2):
        size = gradient.shape[axis]
        index = np.clip(np.arange(-radius, size + radius), 0, size - 1)
        padded = np.take(gradient, index, axis)
        shifted = [np.take(padded, np.arange(tap, tap + size), axis) for tap in range(len(weights))]
        gradient = np.tensordot(weights, np.stack(shifted), 1)
    return gradient

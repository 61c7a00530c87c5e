"""Smoothing of the gradient: less pixel noise, larger strokes."""

from __future__ import annotations

import math

import numpy as np

SCALES = (0.5, 1.0, 2.0)


def taps(sigma: float) -> np.ndarray:
    """Weights of a Gaussian cut at 3 sigma, float32 [2 * radius + 1], sum 1."""
    radius = max(1, math.ceil(3 * sigma))
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


def blur_scales(gradient: np.ndarray, sigma: float) -> np.ndarray:
    """Sum of the blurs at sigma times 0.5, 1 and 2: near a 1/f weighting of the gradient.

    Same arguments as `blur`. Source: the three-Gaussian smoothing of PyTorch DeepDream ports.
    """
    return np.sum([blur(gradient, sigma * scale) for scale in SCALES], axis=0)

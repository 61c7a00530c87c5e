"""Pulling a picture toward the one shown before, in bytes."""

from __future__ import annotations

import numpy as np

_STEPS = 256
"""Of the way from one weight to the next."""


def hold(bgr: np.ndarray, before: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """uint8 [height, width, 3]: of `before` as many 255ths as the weights say, rounded, and of
    `bgr` the rest, rounded.

    weights: uint8 [h, w], enlarged by pixel centres; 0 and 255 give one of the two to the bit.
    """
    weight = _enlarged(weights, *bgr.shape[:2])[..., None]
    return (_part(before, weight) + _part(bgr, 255 - weight)).astype(np.uint8)


def _part(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # Never half way between two numbers, so there is one nearest.
    return (values * weight + 127) // 255


def _enlarged(weights: np.ndarray, height: int, width: int) -> np.ndarray:
    """In whole numbers, int64 [height, width]."""
    first, second, lower = _between(height, weights.shape[0])
    values = weights.astype(np.int64)
    rows = values[first] * (_STEPS - lower)[:, None] + values[second] * lower[:, None]
    first, second, right = _between(width, weights.shape[1])
    sums = rows[:, first] * (_STEPS - right) + rows[:, second] * right
    return (sums + _STEPS**2 // 2) // _STEPS**2


def _between(size: int, source: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `size` pixels: its two neighbours among `source`, and the steps that it lies
    from the first toward the second."""
    twice = np.maximum((2 * np.arange(size) + 1) * source - size, 0)
    first = np.minimum(twice // (2 * size), source - 1)
    second = np.minimum(first + 1, source - 1)
    way = (twice - first * 2 * size).astype(np.float32) / np.float32(2 * size)
    steps = np.rint(np.where(second > first, way, 0) * _STEPS).astype(np.int64)
    return first, second, steps

"""Carrying the old dream along the motion of the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CUBIC = 2 / 3
"""Share of the cubic interpolation; the rest is linear.

The cubic (Keys's, with OpenCV's a = -0.75) makes waves of eight pixels 3 % louder each time that it
moves them by half a pixel, which in a dream that is carried on for seconds grows without end;
linear rubs them out. With this share nothing grows and the least is lost.
"""

KEYS = -0.75


def cubic(between: np.ndarray) -> np.ndarray:
    """What the four pixels around a place count, float32 [4, ...]; their sum is 1.

    between: 0..1, from the second of them to the third.
    """
    t, a = between, KEYS
    far = [a * x * (x * (x - 5) + 8) - 4 * a for x in (t + 1, 2 - t)]
    near = [((a + 2) * x - (a + 3)) * x * x + 1 for x in (t, 1 - t)]
    return np.stack((far[0], *near, far[1])).astype(np.float32)


def weights(between: np.ndarray) -> np.ndarray:
    """The same, between cubic and linear as CUBIC says."""
    t = between
    linear = np.stack((0 * t, 1 - t, t, 0 * t))
    return (CUBIC * cubic(t) + (1 - CUBIC) * linear).astype(np.float32)


def warp(residual: np.ndarray, flow: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Where each pixel's dream was in the last frame, times how much of it to keep.

    residual: float32 [3, height, width], dream minus camera of the last frame.
    flow: float32 [2, height, width], (x, y) pixels from this frame to its place in the last one.
    keep: float32 [height, width], 0..1; occlusion and decay. Between cubic and linear, see CUBIC;
    edges repeated.
    """
    _, height, width = residual.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    columns, across = around(x + flow[0], width, weights)
    rows, down = around(y + flow[1], height, weights)
    total = np.zeros_like(residual)
    for row, high in zip(rows, down, strict=True):
        line = sum(
            residual[:, row, column] * wide for column, wide in zip(columns, across, strict=True)
        )
        total += line * high
    return total * keep


def around(
    at: np.ndarray, size: int, count: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The four pixels around places of a row of `size`, the edge repeated, int64 [4, ...], and what
    they count by `count`, `cubic` or `weights`."""
    at = np.clip(at, -2, size + 1)
    first = np.floor(at)
    places = first.astype(np.int64) + np.arange(-1, 3).reshape(4, *[1] * at.ndim)
    return np.clip(places, 0, size - 1), count(at - first)

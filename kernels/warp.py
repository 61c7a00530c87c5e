"""Carrying the old dream along the motion of the picture."""

from __future__ import annotations

import numpy as np


def warp(residual: np.ndarray, flow: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Where each pixel's dream was in the last frame, times how much of it to keep.

    residual: float32 [3, height, width], dream minus camera of the last frame.
    flow: float32 [2, height, width], (x, y) pixels from this frame to its place in the last one.
    keep: float32 [height, width], 0..1; occlusion and decay. Bilinear, edges repeated.
    """
    _, height, width = residual.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x = np.clip(x + flow[0], 0, width - 1)
    y = np.clip(y + flow[1], 0, height - 1)
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = x - left, y - top
    upper = residual[:, top, left] * (1 - across) + residual[:, top, right] * across
    lower = residual[:, bottom, left] * (1 - across) + residual[:, bottom, right] * across
    return (upper * (1 - down) + lower * down) * keep

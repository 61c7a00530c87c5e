"""Where to dream: the gradient and the accumulated dream, weighed pixel by pixel."""

from __future__ import annotations

import numpy as np

from .jitter import jitter
from .resample import resample


def mask(values: np.ndarray, weights: np.ndarray, dx: int = 0, dy: int = 0) -> np.ndarray:
    """values, float32 [3, height, width], times weights, float32 [h, w], 0..1.

    The weights are enlarged by pixel centres, and lie on an image that was shifted by `jitter` with
    dx and dy.
    """
    return values * jitter(resample(weights[None], *values.shape[1:]), dx, dy)

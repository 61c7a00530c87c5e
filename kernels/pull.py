"""What draws a dream back: towards less variation, and towards nothing."""

from __future__ import annotations

import numpy as np

from .jitter import jitter
from .magnitude import magnitude

SMOOTH = np.float32(1e-3)
"""Differences below this count as none, so that the total variation has a slope everywhere."""


def variation(residual: np.ndarray) -> float:
    """The total variation a pixel of a difference on the torus, float32 [3, height, width].

    After Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them"
    (2015), with exponent 1.
    """
    return float(_length(*_differences(residual)).mean())


def less_variation(residual: np.ndarray) -> np.ndarray:
    """The slope of `variation`, downhill, times the number of values: of size 0 to 4."""
    down, right = _differences(residual)
    length = _length(down, right)
    down, right = down / length, right / length
    return down + right - np.roll(down, 1, 1) - np.roll(right, 1, 2)


def pull(
    gradient: np.ndarray, residual: np.ndarray, tv: float, l2: float, dx: int = 0, dy: int = 0
) -> np.ndarray:
    """gradient + mean|gradient| * slope, where the slope leads the residual, float32 [3, height,
    width] as the gradient, to less variation, weighed `tv`, and to none, weighed `l2`: the slope of
    its mean square, after Yosinski et al., "Understanding Neural Networks Through Deep
    Visualization" (2015).

    The gradient lies on an image that was shifted by `jitter` with dx and dy, the residual does
    not.
    """
    slope = np.float32(-2 * l2) * residual
    if tv:
        slope += np.float32(tv) * less_variation(residual)
    return gradient + np.float32(magnitude(gradient)) * jitter(slope, dx, dy)


def _differences(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.roll(values, -1, 1) - values, np.roll(values, -1, 2) - values


def _length(down: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.sqrt(down * down + right * right + SMOOTH * SMOOTH)

"""One normalised step up the gradient."""

from __future__ import annotations

import numpy as np

from .jitter import jitter


def ascend(
    image: np.ndarray, gradient: np.ndarray, step: float, dx: float, dy: float
) -> np.ndarray:
    """clip(image + step * gradient / mean|gradient|, 0, 1), shifted back by (dx, dy).

    image, gradient: float32 [3, height, width], both as the network saw them, that is shifted by
    `jitter(..., dx, dy)`; image in 0..1. step: mean change of a value, in the same unit. A
    gradient of all zeros leaves the image. Source: DeepDream notebook, 2015.
    """
    mean = np.abs(gradient).mean(dtype=np.float64)
    if mean > 0:
        image = image + np.float32(step / mean) * gradient
    return jitter(np.clip(image, 0, 1), -dx, -dy)

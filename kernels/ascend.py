"""One normalised step up the gradient."""

from __future__ import annotations

import math

import numpy as np

from .jitter import jitter
from .magnitude import magnitude


def ascend(image: np.ndarray, gradient: np.ndarray, step: float, dx: int, dy: int) -> np.ndarray:
    """clip(image + step * gradient / mean|gradient|, 0, 1), shifted back by (dx, dy).

    image, gradient: float32 [3, height, width], both as the network saw them, that is shifted by
    `jitter(..., dx, dy)`; image in 0..1. step: mean change of a value, in the same unit. A
    gradient of all zeros, or one that is not finite, leaves the image. Source: DeepDream notebook,
    2015.
    """
    mean = magnitude(gradient)
    if 0 < mean < math.inf:
        image = image + np.float32(step / mean) * gradient
    return jitter(np.clip(image, 0, 1), -dx, -dy)

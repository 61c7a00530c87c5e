"""Sum and difference of two images."""

from __future__ import annotations

import numpy as np


def add(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    """a + weight * b, float32 of any one shape; weight -1 subtracts."""
    return a + np.float32(weight) * b

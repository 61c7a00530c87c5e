"""Holding the accumulated dream at a strength that does not depend on the frame rate."""

from __future__ import annotations

import numpy as np

from .magnitude import magnitude


def limit(residual: np.ndarray, strength: float) -> np.ndarray:
    """Scale residual, float32 [3, height, width], down to a mean magnitude of `strength` at most.

    strength in the residual's unit (0..1); 0 is no limit.
    """
    mean = magnitude(residual)
    return residual * np.float32(strength / mean) if 0 < strength < mean else residual

"""How strong a gradient or a dream is."""

from __future__ import annotations

import numpy as np


def magnitude(values: np.ndarray) -> float:
    """Mean of |values|, of any shape, in the unit of the values. Not a number where one is."""
    return float(np.abs(values).mean(dtype=np.float64))

"""A picture as small as a grid."""

from __future__ import annotations

import numpy as np

from .area import averages


def shrink(bgr: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """uint8 [height, width, 3] -> uint8 [rows, columns, 3]: the mean of the codes in each cell,
    rounded."""
    planes = [averages(plane, rows, columns) for plane in np.moveaxis(bgr, 2, 0)]
    return np.rint(np.stack(planes, 2)).astype(np.uint8)

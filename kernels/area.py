"""Averages over cells that need not be whole pixels, nor larger than one."""

from __future__ import annotations

import numpy as np


def averages(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """[height, width] -> float64 [rows, columns]."""
    return _shares(rows, plane.shape[0]) @ plane @ _shares(columns, plane.shape[1]).T


def _shares(cells: int, pixels: int) -> np.ndarray:
    """The weights [cells, pixels] of pixels in the average over each cell."""
    edges, places = np.arange(cells + 1) * (pixels / cells), np.arange(pixels)
    begin, end = edges[:-1, None], edges[1:, None]
    inside = np.minimum(end, places + 1) - np.maximum(begin, places)
    return np.maximum(inside, 0) * (cells / pixels)

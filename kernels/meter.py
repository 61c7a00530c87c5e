"""What flashes are measured by: luminance and redness, averaged over the cells of a grid."""

from __future__ import annotations

import numpy as np

_CODES = np.arange(256) / 255
_LIGHT = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
"""Of each byte, IEC 61966-2-1."""


def meter(bgr: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """uint8 BGR [height, width, 3] -> float32 [2, rows, columns], both linear in 0..1.

    Luminance, and what red has more than green and blue together. Cells need not be whole pixels,
    nor larger than one.
    """
    blue, green, red = np.moveaxis(_LIGHT[bgr], 2, 0)
    signals = 0.0722 * blue + 0.7152 * green + 0.2126 * red, np.maximum(red - green - blue, 0)
    down, across = _shares(rows, bgr.shape[0]), _shares(columns, bgr.shape[1])
    return np.stack([down @ signal @ across.T for signal in signals]).astype(np.float32)


def _shares(cells: int, pixels: int) -> np.ndarray:
    """The weights [cells, pixels] of pixels in the average over each cell."""
    edges, places = np.arange(cells + 1) * (pixels / cells), np.arange(pixels)
    begin, end = edges[:-1, None], edges[1:, None]
    inside = np.minimum(end, places + 1) - np.maximum(begin, places)
    return np.maximum(inside, 0) * (cells / pixels)

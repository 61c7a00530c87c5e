"""What flashes are measured by: luminance and redness, averaged over the cells of a grid."""

from __future__ import annotations

import numpy as np

from .area import averages

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
    return np.stack([averages(each, rows, columns) for each in signals]).astype(np.float32)

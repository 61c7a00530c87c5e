"""Octave up and down."""

from __future__ import annotations

import numpy as np


def positions(size: int, source: int, align_corners: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each of `size` outputs: the left of its two inputs, int64, and the right one's weight.

    Pixel centres at half-integers, edges repeated; with `align_corners` first and last pixels of
    both grids coincide, as in `scipy.ndimage.zoom(order=1)` of the notebook.
    """
    index = np.arange(size, dtype=np.float64)
    if align_corners:
        at = index * ((source - 1) / (size - 1)) if size > 1 else np.zeros(size)
    else:
        at = (index + 0.5) * (source / size) - 0.5
    at = np.clip(at, 0, source - 1)
    left = np.minimum(at.astype(np.int64), max(source - 2, 0))
    return left, (at - left).astype(np.float32)


def resample(image: np.ndarray, height: int, width: int, align_corners: bool = False) -> np.ndarray:
    """Bilinear [channels, h, w] -> [channels, height, width], float32; no antialiasing."""
    for axis, size in ((-2, height), (-1, width)):
        source = image.shape[axis]
        left, weight = positions(size, source, align_corners)
        right = np.minimum(left + 1, source - 1)
        if axis == -2:
            weight = weight[:, None]
        image = np.take(image, left, axis) * (1 - weight) + np.take(image, right, axis) * weight
    return image

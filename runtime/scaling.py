"""Fitting pictures into boxes."""

from __future__ import annotations

import cv2
import numpy as np


def fit(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of the same aspect inside `box`, (width, height) too."""
    scale = min(box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def scaled(bgr: np.ndarray, box: tuple[int, int] | None) -> np.ndarray:
    """The picture, uint8 [height, width, 3], fitted into `box`; None leaves it."""
    height, width = bgr.shape[:2]
    size = (width, height) if box is None else fit(width, height, box)
    if size == (width, height):
        return bgr
    shrinks = size[0] < width
    return cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)

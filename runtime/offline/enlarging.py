"""A dream of a small picture on the large one that it was made from.

What the dream changed is enlarged and laid over: lines and letters of the large picture stay as
sharp as they are, whatever the size that was dreamt.
"""

from __future__ import annotations

import cv2
import numpy as np

from ...kernels import haze
from ..presence.masks import masked
from ..scaling import resized, scaled

Box = tuple[int, int]
"""(width, height) that a picture is fitted into."""


def sized(picture: np.ndarray, dreamt: Box, written: Box | None) -> tuple[np.ndarray, np.ndarray]:
    """(whole, small): what the dream is laid over, and what is dreamt; uint8 [height, width, 3].

    dreamt: of `small`. written: of `whole`; None for the picture's own size, or that of `small`
    where it is larger.
    """
    small = scaled(picture, dreamt)
    if written:
        return scaled(picture, written), small
    return (picture if small.size < picture.size else small), small


def enlarged(
    whole: np.ndarray,
    small: np.ndarray,
    dream: np.ndarray,
    contrast: float = 1.0,
    around: bool = False,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """The dream on `whole`, of its size; where nothing was dreamt its very bytes.

    small: the picture that was dreamt. dream: of its size. All are uint8 [height, width, 3].
    contrast: that the picture keeps under the dream, see `Dream.camera`. around: whether left and
    right edge are one, as of a panorama. mask: where it shows, float32 [h, w] of any size, 0..1;
    None is everywhere.
    """
    large = dream if whole.shape == small.shape else _over(whole, small, dream, contrast, around)
    return large if mask is None else masked(whole, large, mask)


def _over(
    whole: np.ndarray, small: np.ndarray, dream: np.ndarray, contrast: float, around: bool
) -> np.ndarray:
    change = cv2.addWeighted(
        dream, 1, small, -contrast, -255 * haze(contrast), dtype=cv2.CV_16S
    )  # Bytes would cut off what a still of many steps changes.
    height, width = whole.shape[:2]
    if around:  # Three rounds of it: the middle one is exact, whatever the sizes.
        change = resized(np.hstack((change,) * 3), 3 * width, height)[:, width : 2 * width]
    else:
        change = resized(change, width, height)
    return cv2.addWeighted(whole, contrast, change, 1, 255 * haze(contrast), dtype=cv2.CV_8U)

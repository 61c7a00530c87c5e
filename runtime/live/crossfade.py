"""One source's picture going over into that of another, of any size, on the way to the dream."""

from __future__ import annotations

import cv2
import numpy as np

from ..scaling import fit, letterbox

LARGEST = (1920, 1080)
"""(width, height) that pictures are blended in at most."""


def canvas(old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of a picture in which `old` goes over into `new`, both (width, height).

    It has the shape of the wider of the two. On a screen that is wider than high both then stand
    where they stand alone, so that nothing jumps when the fade begins or ends.
    """
    width, height = new
    if old[0] * height > width * old[1]:
        width = round(height * old[0] / old[1])
    large = width > LARGEST[0] or height > LARGEST[1]
    return fit(width, height, LARGEST) if large else (width, height)


class Crossfade:
    """Pictures of two sources blended; of the one that goes, each is scaled once."""

    def __init__(self) -> None:
        self._old: np.ndarray | None = None
        self._scaled: np.ndarray | None = None

    def blended(self, old: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
        """`new` at `share` 0..1 over `old`, uint8 BGR of any sizes, each centred on black."""
        size = canvas(old.shape[1::-1], new.shape[1::-1])
        if self._scaled is None or self._old is not old or self._scaled.shape[1::-1] != size:
            self._old, self._scaled = old, letterbox(old, size)
        if new.shape[1::-1] != size:
            new = letterbox(new, size)
        return cv2.addWeighted(self._scaled, 1 - share, new, share, 0)

"""A camera that any machine has: frames of the drifting cloudscape, drawn before they are due."""

from __future__ import annotations

import numpy as np

from ..frame import Frame
from ..live.capture import Capture
from ..live.sources.base import Drawn
from ..live.sources.cloudscape import Cloudscape

DRAWN = 48
"""Frames drawn; played forwards and backwards, so that there is no cut in the picture."""

RATE = 30
"""Frames a second that the drawn scene moves at."""


def drawn_frames(size: tuple[int, int], seed: int = 0, count: int = DRAWN) -> np.ndarray:
    """uint8 [count, height, width, 3] BGR of a scene of `size` (width, height)."""
    scene = Cloudscape(size, seed)
    return np.stack([scene.draw(index / RATE) for index in range(count)])


def swing(index: int, count: int) -> int:
    """0, 1, .., count - 1, count - 2, .., 1, 0, 1, ..: which drawn frame is the `index`th."""
    place = index % max(1, 2 * count - 2)
    return place if place < count else 2 * count - 2 - place


class SyntheticCamera(Drawn):
    """Frames at `fps`, on time whether or not anybody takes them; no drawing while it runs.

    fps: None for as fast as they are read. A camera's exposure and cable are not imitated: a
    frame's time is the moment it is handed over.
    """

    live = True

    def __init__(self, pictures: np.ndarray, fps: float | None) -> None:
        super().__init__(fps, patience=0.0)
        self._pictures = pictures
        self._fps = fps

    def describe(self) -> str:
        height, width = self._pictures.shape[1:3]
        pace = "unpaced" if self._fps is None else f"{self._fps:g} fps"
        return f"synthetic camera: {width}x{height} {pace}"

    def picture(self, index: int) -> np.ndarray:
        return self._pictures[swing(index, len(self._pictures))]


class Unpaced(Capture):
    """In place of a capturing thread: every frame is made when the dream asks for one."""

    def start(self) -> Unpaced:
        return self

    def take(self, timeout: float | None = None) -> Frame | None:
        return self.source.read()

    def close(self, timeout: float = 2.0) -> bool:
        self.source.close()
        return True

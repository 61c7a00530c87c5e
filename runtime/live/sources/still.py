"""A picture, dreamt for ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...scaling import scaled
from ...store.pictures import read_photo
from .base import Drawn

FPS = 30

LARGEST = (3840, 2160)
"""(width, height) that a picture is made to fit into, once: more no screen shows, and it would be
made small again for every frame."""


class Still(Drawn):
    """The same picture 30 times a second, without end."""

    def __init__(self, path: Path, *, paced: bool = True) -> None:
        super().__init__(FPS if paced else None)
        self._path = path
        image = read_photo(path)
        self._size = height, width = image.shape[:2]
        larger = width > LARGEST[0] or height > LARGEST[1]
        self._image = scaled(image, LARGEST) if larger else image
        self._image.flags.writeable = False  # Every frame shares it.

    def describe(self) -> str:
        height, width = self._size
        return f"picture {self._path.name}: {width}x{height}"

    def picture(self, index: int) -> np.ndarray:
        return self._image

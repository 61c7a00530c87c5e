"""A picture, dreamt for ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...store.pictures import read_photo
from .base import Drawn

FPS = 30


class Still(Drawn):
    """The same picture 30 times a second, without end."""

    def __init__(self, path: Path, *, paced: bool = True) -> None:
        super().__init__(FPS if paced else None)
        self._path = path
        self._image = read_photo(path)
        self._image.flags.writeable = False  # Every frame shares it.

    def describe(self) -> str:
        height, width = self._image.shape[:2]
        return f"picture {self._path.name}: {width}x{height}"

    def picture(self, index: int) -> np.ndarray:
        return self._image

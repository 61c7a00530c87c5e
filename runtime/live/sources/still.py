"""A picture, dreamt for ever."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ...frame import Frame
from ...store.pictures import read_photo
from .base import Pacer

FPS = 30


class Still:
    """The same picture 30 times a second, without end."""

    live = False

    def __init__(self, path: Path, *, paced: bool = True) -> None:
        self.cost = 0.0
        self._path = path
        self._image = read_photo(path)
        self._image.flags.writeable = False  # Every frame shares it.
        self._pacer = Pacer(FPS) if paced else None
        self._stop = threading.Event()
        self._next = 0

    def describe(self) -> str:
        height, width = self._image.shape[:2]
        return f"picture {self._path.name}: {width}x{height}"

    def read(self) -> Frame | None:
        if self._pacer is not None:
            self._pacer.wait(self._stop)
        if self._stop.is_set():
            return None
        index = self._next
        self._next += 1
        return Frame(self._image, time.monotonic(), index)

    def close(self) -> None:
        self._stop.set()

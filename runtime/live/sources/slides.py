"""A folder of pictures, one after the other, each fading into the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ...errors import LivedreamError
from ...scaling import letterbox, scaled
from ...store.pictures import holds_photo, read_photo
from ...wording import counted
from .base import Drawn, OnEvent, safely

FPS = 30
STAYS, FADES = 8.0, 1.5
"""Seconds of each picture where nobody says otherwise, its fade included, and of the fade."""

LARGEST = (1920, 1080)
"""(width, height) that larger pictures are made to fit into."""


class Slides(Drawn):
    """The pictures of `folder` by name, round and round, as large as the first; others are fitted
    in, with bars. One that cannot be read is left out, which `on_event` hears once.

    pace: how many seconds each stays, and in how many of them it becomes the next; asked for every
    frame. Raises LivedreamError where none can be read.
    """

    def __init__(
        self, folder: Path, *, paced: bool = True, on_event: OnEvent | None = None
    ) -> None:
        super().__init__(FPS if paced else None)
        self.pace: Callable[[], tuple[float, float]] = lambda: (STAYS, FADES)
        self._folder = folder
        self._tell = safely(on_event)
        self._paths = sorted(path for path in folder.iterdir() if _is_picture(path))
        self._size: tuple[int, int] | None = None
        self._place = -1  # Of the picture that comes next, among the paths.
        self._begun = 0  # The frame with which it came.
        self._now = self._read_next()
        self._then: np.ndarray | None = None

    def describe(self) -> str:
        height, width = self._now.shape[:2]
        return (
            f"folder {self._folder.name}: {counted(len(self._paths), 'picture')}, {width}x{height}"
        )

    def picture(self, index: int) -> np.ndarray:
        stays, fades = self.pace()
        fades = min(fades, stays)
        seconds = (index - self._begun) / FPS
        if seconds >= stays:
            self._now, self._then = self._upcoming(), None
            self._begun, seconds = index, 0.0
        left = stays - seconds
        if left >= fades:
            return self._now
        share = 1 - left / fades
        return cv2.addWeighted(self._now, 1 - share, self._upcoming(), share, 0)

    def _upcoming(self) -> np.ndarray:
        if self._then is None:
            self._then = self._read_next()
        return self._then

    def _read_next(self) -> np.ndarray:
        while self._paths:
            self._place = (self._place + 1) % len(self._paths)
            path = self._paths[self._place]
            try:
                image = read_photo(path)
            except LivedreamError as error:
                self._tell(str(error))
                del self._paths[self._place]
                self._place -= 1
                continue
            if image.shape[1] > LARGEST[0] or image.shape[0] > LARGEST[1]:
                image = scaled(image, LARGEST)
            self._size = self._size or (image.shape[1], image.shape[0])
            image = letterbox(image, self._size)
            image.flags.writeable = False  # Many frames share it.
            return image
        raise LivedreamError(f"{self._folder} holds no picture that can be read.")


def _is_picture(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and holds_photo(path)

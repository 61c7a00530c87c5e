"""A picture, dreamt for ever."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np

from ..errors import LivedreamError
from ..frame import Frame
from .base import Pacer

FPS = 30


def read_image(path: Path) -> np.ndarray:
    """The picture at `path`, upright. uint8 [height, width, 3], BGR.

    Raises LivedreamError when it is not a picture that OpenCV can read.
    """
    try:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error as error:  # Larger than OpenCV's limits.
        raise LivedreamError(f"{path} cannot be read: {error.err}.") from error
    if image is None:
        raise LivedreamError(
            f"{path} is not a picture that can be read: the file is damaged or of another kind; "
            "save it as PNG or JPEG."
        )
    return image


class Still:
    """The same picture 30 times a second, without end."""

    live = False

    def __init__(self, path: Path, *, paced: bool = True) -> None:
        self.cost = 0.0
        self._path = path
        self._image = read_image(path)
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

"""A video file, played at its own speed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np

from ...errors import LivedreamError
from ...frame import Frame
from .base import Pacer

DEFAULT_FPS = 30.0  # For files that do not say.


class Clip:
    """The frames of a video file or of a finite video behind a URL.

    `paced=False` yields as fast as they decode; `loop=True` starts over at the end.
    """

    live = False

    def __init__(self, address: str, *, paced: bool = True, loop: bool = False) -> None:
        self.cost = 0.0
        self._name = Path(address).name
        self._address = address
        self._loop = loop
        self._lock = threading.Lock()  # OpenCV must not release a file while it is read.
        self._stop = threading.Event()
        self._next = 0
        self._video = self._open()
        # Decoded at once: a container may announce frames that it does not hold.
        self._ahead: np.ndarray | None = self._decode()
        if self._ahead is None:
            self._video.release()
            raise LivedreamError(
                f"{address} holds no frame that can be read: it is empty, damaged or of "
                "another kind."
            )
        self._shape = self._ahead.shape[:2]
        fps = self._video.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 1 <= fps <= 480 else DEFAULT_FPS
        self._pacer = Pacer(self.fps) if paced else None

    def describe(self) -> str:
        height, width = self._shape
        return f"clip {self._name}: {width}x{height} {self.fps:.4g} fps"

    def read(self) -> Frame | None:
        if self._pacer is not None:
            self._pacer.wait(self._stop)
        with self._lock:
            if self._stop.is_set():
                return None
            start = time.monotonic()
            image, self._ahead = self._ahead, None
            if image is None:
                image = self._decode()
            if image is None and self._loop:
                self._video.release()
                self._video = self._open()
                image = self._decode()
            if image is None:
                return None
            self.cost = time.monotonic() - start
        index = self._next
        self._next += 1
        return Frame(image, start, index)

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            self._video.release()

    def _open(self) -> cv2.VideoCapture:
        video = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG)
        if not video.isOpened():
            raise LivedreamError(
                f"{self._address} is neither a picture nor a video that can be read: the file is "
                "damaged or of another kind."
            )
        return video

    def _decode(self) -> np.ndarray | None:
        good, image = self._video.read()
        return image if good else None

"""Spout: the picture for other programs on Windows. Written from its documentation, never run."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import cv2
import numpy as np

from ..errors import LivedreamError
from .sink import Sink

GL_RGBA = 0x1908


class Spout(Sink):
    """A sender that others find by its `label`. Everything happens in the thread that opened it,
    which owns the OpenGL context."""

    name = "spout"

    def __init__(self, label: str = "livedream") -> None:
        self.name = f"spout {label}"
        self._label = label
        self._sender: Any = None

    def check(self) -> None:
        if sys.platform != "win32":
            raise LivedreamError("Spout is Windows' own; use --out ndi or --out mjpeg here.")
        _library()

    def open(self, size: tuple[int, int], rate: float) -> str:
        self.check()
        self._sender = sender = _library().SpoutSender()
        if not sender.createOpenGL():
            raise LivedreamError("Spout finds no OpenGL; update the graphics driver.")
        sender.setSenderName(self._label)
        return f"Spout as {self._label}"

    def send(self, image: np.ndarray, time: float) -> None:
        height, width = image.shape[:2]
        pixels = cv2.cvtColor(image, cv2.COLOR_BGR2RGBA)
        if not self._sender.sendImage(pixels, width, height, GL_RGBA, False, 0):
            raise LivedreamError("Spout does not take the picture.")
        self._sender.setFrameSync(self._label)

    def close(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.releaseSender()
            sender.closeOpenGL()


def _library() -> Any:
    try:
        return importlib.import_module("SpoutGL")
    except ImportError as error:
        raise LivedreamError('Spout is not installed; pip install "livedream[spout]".') from error

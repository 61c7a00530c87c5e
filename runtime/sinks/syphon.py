"""Syphon: the picture for other programs on macOS. Written from its documentation, never run."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import cv2
import numpy as np

from ..errors import LivedreamError
from .sink import Sink


class Syphon(Sink):
    """A server that others find by its `label`."""

    name = "syphon"

    def __init__(self, label: str = "livedream") -> None:
        self.name = f"syphon {label}"
        self._label = label
        self._server: Any = None
        self._texture: Any = None

    def check(self) -> None:
        if sys.platform != "darwin":
            raise LivedreamError("Syphon is macOS' own; use --out ndi or --out mjpeg here.")
        _library()

    def open(self, size: tuple[int, int], rate: float) -> str:
        self.check()
        self._server = _library().SyphonMetalServer(self._label)
        return f"Syphon as {self._label}"

    def send(self, image: np.ndarray, time: float) -> None:
        tools = importlib.import_module("syphon.utils.raw")
        height, width = image.shape[:2]
        if self._texture is None or (self._texture.width(), self._texture.height()) != (
            width,
            height,
        ):
            self._texture = tools.create_mtl_texture(self._server.device, width, height)
        pixels = cv2.cvtColor(image, cv2.COLOR_BGR2RGBA)
        tools.copy_bytes_to_mtl_texture(pixels.tobytes(), self._texture)
        self._server.publish_frame_texture(self._texture, is_flipped=True)

    def close(self) -> None:
        server, self._server, self._texture = self._server, None, None
        if server is not None:
            server.stop()


def _library() -> Any:
    try:
        return importlib.import_module("syphon")
    except ImportError as error:
        raise LivedreamError('Syphon is not installed; pip install "livedream[syphon]".') from error

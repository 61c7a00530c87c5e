"""NDI(R) out: the picture for other programs and machines of the network.

NDI(R) is a registered trademark of Vizrt NDI AB; see https://ndi.video.
"""

from __future__ import annotations

import importlib
from typing import Any

import cv2
import numpy as np

from ..errors import LivedreamError
from .sink import Sink

NAME = "livedream"


class Ndi(Sink):
    """A source that others find in the network by its `label`. Any size, the picture's own rate."""

    name = "ndi"

    def __init__(self, label: str = NAME) -> None:
        self.name = f"ndi {label}"
        self._label = label
        self._ndi: Any = None
        self._sender: Any = None

    def check(self) -> None:
        library()

    def open(self, size: tuple[int, int], rate: float) -> str:
        self._ndi = ndi = library()
        settings = ndi.SendCreate()
        settings.ndi_name = self._label
        settings.clock_video = False  # The show has its own clock.
        self._sender = ndi.send_create(settings)
        if self._sender is None:
            raise LivedreamError("NDI cannot begin to send; is its name taken by another program?")
        return f"NDI as {self._label}"

    def send(self, image: np.ndarray, time: float) -> None:
        ndi = self._ndi
        if not ndi.send_get_no_connections(self._sender, 0):
            return  # Nobody looks, no work.
        frame = ndi.VideoFrameV2()
        # Its copy must live until `send` returns, which is when NDI has taken it.
        frame.data = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
        frame.FourCC = ndi.FOURCC_VIDEO_TYPE_BGRX
        ndi.send_send_video_v2(self._sender, frame)

    def close(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            self._ndi.send_destroy(sender)


def library() -> Any:
    """The module NDIlib, initialised. Raises LivedreamError where it is not installed."""
    try:
        ndi: Any = importlib.import_module("NDIlib")
    except ImportError as error:
        raise LivedreamError('NDI is not installed; pip install "livedream[ndi]".') from error
    if not ndi.initialize():
        raise LivedreamError("NDI does not start: this processor is too old for it (no SSE4.2).")
    return ndi

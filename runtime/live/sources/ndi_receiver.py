"""NDI(R) in: the picture of another program or machine. NDI(R) is a registered trademark of Vizrt
NDI AB; see https://ndi.video."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np

from ...errors import LivedreamError, nearest
from ...sinks.ndi import library
from .base import OnEvent
from .camera import Camera

SEARCH = 5.0
"""Seconds in which a source must be found."""

SILENT = 2.0
"""Seconds without a picture after which it counts as lost."""


class Receiver:
    """The source whose name holds `name`, in the place of a camera's device; an empty name is the
    first one found. Raises LivedreamError where there is none."""

    def __init__(self, name: str) -> None:
        self._ndi = ndi = library()
        settings = ndi.RecvCreateV3()
        settings.color_format = ndi.RECV_COLOR_FORMAT_BGRX_BGRA
        settings.allow_video_fields = False
        source = find(ndi, name)
        self._receiver: Any = ndi.recv_create_v3(settings)
        if self._receiver is None:
            raise LivedreamError("NDI cannot begin to receive.")
        ndi.recv_connect(self._receiver, source)
        self._image: np.ndarray | None = None
        if not self.grab():
            self.release()
            raise LivedreamError(f"NDI {name} gives no picture; is it playing?")

    def grab(self) -> bool:
        ndi, end = self._ndi, time.monotonic() + SILENT
        while (left := end - time.monotonic()) > 0:
            kind, video, sound, _ = ndi.recv_capture_v2(self._receiver, max(1, int(left * 1000)))
            if kind == ndi.FRAME_TYPE_VIDEO:
                self._image = cv2.cvtColor(video.data, cv2.COLOR_BGRA2BGR)
                ndi.recv_free_video_v2(self._receiver, video)
                return True
            if kind == ndi.FRAME_TYPE_AUDIO:
                ndi.recv_free_audio_v2(self._receiver, sound)
            if kind == ndi.FRAME_TYPE_ERROR:
                return False
        return False

    def retrieve(self) -> tuple[bool, np.ndarray]:
        image = self._image
        return (False, np.empty((0, 0, 3), np.uint8)) if image is None else (True, image)

    def get(self, propId: int, /) -> float:
        height, width = (0, 0) if self._image is None else self._image.shape[:2]
        facts = {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height}
        return float(facts.get(propId, 0))

    def release(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            self._ndi.recv_destroy(receiver)


def find(ndi: Any, name: str) -> Any:
    """The first source whose name holds `name`. Raises LivedreamError after SEARCH seconds."""
    finder = ndi.find_create_v2()
    end, names = time.monotonic() + SEARCH, []
    try:
        while time.monotonic() < end:
            ndi.find_wait_for_sources(finder, 500)
            sources = ndi.find_get_current_sources(finder)
            names = [each.ndi_name for each in sources]
            for each in sources:
                if name in each.ndi_name:
                    return each
    finally:
        ndi.find_destroy(finder)
    instead = f"nearest: {nearest(name, names)}" if names else "none is in this network"
    raise LivedreamError(f"There is no NDI source {name or 'at all'}; {instead}.")


def open_ndi(name: str, on_event: OnEvent | None = None) -> Camera:
    """The NDI source whose name holds `name`, opened again whenever it goes away."""
    return Camera(f"NDI {name}".strip(), lambda: Receiver(name), on_event=on_event)

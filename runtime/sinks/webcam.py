"""The system's virtual camera, for video calls and browsers."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import cv2
import numpy as np

from ..errors import LivedreamError
from .loopback import MAKE, Loopback, free_device
from .sink import Sink


class Webcam(Sink):
    """On Linux the first v4l2loopback device, elsewhere OBS's virtual camera by pyvirtualcam.

    The latter was written from its documentation and has not run here.
    """

    name = "camera"
    fixed = True
    steady = True

    def __init__(self) -> None:
        self._loopback: Loopback | None = None
        self._camera: Any = None

    def check(self) -> None:
        if sys.platform.startswith("linux"):
            if free_device() is None:
                raise LivedreamError(f"There is no virtual camera; make one: {MAKE}.")
            return
        _pyvirtualcam()

    def open(self, size: tuple[int, int], rate: float) -> str:
        self.check()
        if sys.platform.startswith("linux"):
            self._loopback = Loopback(free_device() or "/dev/video0")
            return self._loopback.open(size, rate)
        try:
            self._camera = _pyvirtualcam().Camera(width=size[0], height=size[1], fps=rate)
        except RuntimeError as error:
            raise LivedreamError(
                f"The virtual camera does not start ({error}); install OBS and start its virtual "
                "camera once."
            ) from error
        return f"{self._camera.device}, {size[0]}x{size[1]}"

    def send(self, image: np.ndarray, time: float) -> None:
        if self._loopback:
            self._loopback.send(image, time)
        else:
            self._camera.send(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def close(self) -> None:
        if self._loopback:
            self._loopback.close()
        if self._camera:
            self._camera.close()
        self._loopback = self._camera = None


def _pyvirtualcam() -> Any:
    try:
        return importlib.import_module("pyvirtualcam")
    except ImportError as error:
        raise LivedreamError(
            "The virtual camera needs pyvirtualcam, which is under the GPL; pip install "
            '"livedream[virtualcam]".'
        ) from error

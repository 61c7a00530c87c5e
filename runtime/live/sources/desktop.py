"""What is on a screen of this machine."""

from __future__ import annotations

import importlib
import os
from typing import Any

import cv2
import numpy as np

from ...errors import LivedreamError, UsageError
from .base import Drawn

FPS = 30


class Desktop(Drawn):
    """The picture on screen `number`, counted from 1. Raises LivedreamError where there is none."""

    live = True

    def __init__(self, number: int = 1, *, paced: bool = True) -> None:
        super().__init__(FPS if paced else None)
        self._number = number
        self._grabber: Any = None  # Made in the thread that reads: it belongs to one.
        with grabber() as found:
            screens = found.monitors[1:]
        if not 0 < number <= len(screens):
            raise UsageError(f"There is no screen {number}; this machine has {len(screens)}.")
        self._area = screens[number - 1]

    def describe(self) -> str:
        return f"screen {self._number}: {self._area['width']}x{self._area['height']}"

    def picture(self, index: int) -> np.ndarray:
        if self._grabber is None:
            self._grabber = grabber()
        try:
            shot = self._grabber.grab(self._area)
        except Exception as error:
            raise LivedreamError(
                f"screen {self._number} gives no picture any more ({error})."
            ) from error
        return cv2.cvtColor(np.asarray(shot), cv2.COLOR_BGRA2BGR)


def grabber() -> Any:
    """What takes pictures of screens. Raises LivedreamError where there is none."""
    try:
        mss = importlib.import_module("mss")
    except ImportError as error:
        raise LivedreamError(
            'Pictures of a screen are not installed; pip install "livedream[screen]".'
        ) from error
    if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
        raise LivedreamError("Wayland gives no pictures of its screens; use a session with X.")
    try:
        return mss.MSS() if hasattr(mss, "MSS") else mss.mss()
    except Exception as error:
        raise LivedreamError(
            f"There is no screen to take pictures of ({error}); start it in a session that has one."
        ) from error

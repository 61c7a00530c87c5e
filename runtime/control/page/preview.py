"""The picture for those who look from afar: the newest one, made once for all who want it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import cv2
import numpy as np

from ...scaling import fit, resized

QUALITY = 78
"""Of the JPEG, 0..100."""

Newest = Callable[[], "np.ndarray | None"]
"""The picture that is shown now, uint8 BGR [height, width, 3]; another array for another one."""


class Preview:
    """Pictures of the show as JPEG. From any thread."""

    def __init__(self, newest: Newest) -> None:
        self._newest = newest
        self._lock = threading.Lock()
        self._made: tuple[np.ndarray, int, bytes] | None = None

    def other_than(self, seen: np.ndarray | None, width: int) -> tuple[np.ndarray, bytes] | None:
        """The newest picture and its JPEG, at most `width` wide; None where `seen` is the newest,
        or there is none."""
        image = self._newest()
        if image is None or image is seen:
            return None
        with self._lock:
            made = self._made
            if made is None or made[0] is not image or made[1] != width:
                made = self._made = image, width, jpeg(image, width)
        return image, made[2]


def jpeg(image: np.ndarray, width: int) -> bytes:
    """`image`, uint8 BGR [height, width, 3], as JPEG; at most this width and twice this height."""
    high, wide = image.shape[:2]
    if wide > width or high > 2 * width:
        image = resized(image, *fit(wide, high, (width, 2 * width)))
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()

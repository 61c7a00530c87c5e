"""What is to be seen while nobody is there: the demo's clouds, recorded dreams, or the presets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ..scaling import fit
from .sources import Source, open_source

DEMO, PRESETS = "demo", "presets"

DRAWN = (640, 480)
"""(width, height) that the demo's picture fits into."""

WANTED = 0.5
"""Seconds after which a picture that nobody asked for any more is read no further."""


class Attract(threading.Thread):
    """Reads a source while its picture is wanted, and keeps the newest one.

    opening: gives the source, when it is first wanted; None for the presets, which need no picture
    of their own. ready: its pictures are dreams already, and are shown as they are.
    """

    def __init__(self, opening: Callable[[], Source] | None, *, ready: bool = False) -> None:
        super().__init__(name="attract", daemon=True)
        self.ready = ready
        self._opening = opening
        self._source: Source | None = None
        self._stopping, self._wanted = threading.Event(), threading.Event()
        self._asked = 0.0
        self._newest: np.ndarray | None = None

    @property
    def presets(self) -> bool:
        """Whether it is the presets, on the camera's picture."""
        return self._opening is None

    def picture(self, size: tuple[int, int]) -> np.ndarray | None:
        """The newest one, uint8 BGR, filling `size`, (width, height); None where there is none."""
        self._asked = time.monotonic()
        self._wanted.set()
        return None if self._newest is None else covering(self._newest, size)

    def close(self) -> None:
        """May be called without `start`."""
        self._stopping.set()
        self._wanted.set()
        if self._source:
            self._source.close()
        if self.is_alive():
            self.join(1.0)

    def run(self) -> None:
        self._wanted.wait()
        if self._opening is None or self._stopping.is_set():
            return
        source = self._source = self._opening()
        while not self._stopping.is_set():
            self._wanted.wait()
            frame = source.read()
            if frame is None:
                return  # Its last picture stays.
            self._newest = frame.image
            if time.monotonic() - self._asked > WANTED:
                self._wanted.clear()


def open_attract(
    spec: str, size: tuple[int, int], seed: int, folder: Path | None = None
) -> Attract:
    """What attracts by the name `spec`: demo, presets, or a clip, picture or folder of dreams.
    size: (width, height) of the camera's pictures. folder: where a path begins, in place of the
    current one. Raises as `open_source` does."""
    if spec == PRESETS:
        return Attract(None)
    box = fit(*size, DRAWN)
    if spec == DEMO:  # Drawing its clouds takes a while, and it cannot be missing.
        return Attract(lambda: open_source(DEMO, box, seed=seed))
    if folder and "://" not in spec:
        spec = str(folder / Path(spec).expanduser())
    source = open_source(spec, box, seed=seed, loop=True)
    return Attract(lambda: source, ready=True)


def covering(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`image`, uint8 [h, w, 3], just large enough to fill `size`, (width, height), cut to it."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = max(size[0] / width, size[1] / height)
    wide, high = min(width, round(size[0] / scale)), min(height, round(size[1] / scale))
    left, top = (width - wide) // 2, (height - high) // 2
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image[top : top + high, left : left + wide], size, interpolation=method)

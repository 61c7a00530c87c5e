"""The program's own scene: plays where there is no camera, and looks the same everywhere."""

from __future__ import annotations

import threading
import time

from ...frame import Frame
from .base import Pacer
from .cloudscape import Cloudscape

FPS = 30


class Demo:
    """A drifting cloudscape of `size` (width, height), 30 frames a second, without end.

    Frame n depends on `seed`, `size` and n alone. `paced=False` yields as fast as it is drawn.
    """

    live = False

    def __init__(
        self, size: tuple[int, int] = (320, 240), *, seed: int = 0, paced: bool = True
    ) -> None:
        self.cost = 0.0
        self._scene = Cloudscape(size, seed)
        self._pacer = Pacer(FPS) if paced else None
        self._stop = threading.Event()
        self._next = 0

    def describe(self) -> str:
        width, height = self._scene.size
        return f"demo: a drifting cloudscape, {width}x{height} {FPS} fps"

    def read(self) -> Frame | None:
        if self._pacer is not None:
            self._pacer.wait(self._stop)
        if self._stop.is_set():
            return None
        start = time.monotonic()
        index = self._next
        self._next += 1
        image = self._scene.draw(index / FPS)
        self.cost = time.monotonic() - start
        return Frame(image, start, index)

    def close(self) -> None:
        self._stop.set()

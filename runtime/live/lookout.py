"""A thread that looks at the newest frame now and then, beside those who dream and show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..frame import Frame
from ..slot import Closed, Slot
from ..stats import Stats

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""


class Lookout(threading.Thread):
    """Calls `look` with the newest frame that was put into `frames`, at most `rate` times a second
    by this process's clock, whatever the frames' own times are.

    stage: what the numbers call a look. trouble: told by `say`, with the error, of a frame that
    could not be looked at; the next one is.
    """

    def __init__(
        self, stage: str, rate: float, trouble: str, stats: Stats, say: Callable[[str], None]
    ) -> None:
        super().__init__(name=stage, daemon=True)
        self.frames: Slot[Frame] = Slot()
        self._stage, self._rate, self._trouble = stage, rate, trouble
        self._stats, self._say = stats, say
        self._stopping = threading.Event()

    def look(self, frame: Frame) -> None:
        """At one frame of the camera. Raises what makes it no frame to look at."""
        raise NotImplementedError

    def stop(self) -> None:
        """End after the look at hand."""
        self._stopping.set()
        self.frames.close()
        if self.is_alive():
            self.join(1.0)

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                frame = self.frames.take(WAIT)
            except Closed:
                return
            if frame is None:
                continue
            began = time.monotonic()
            try:
                self.look(frame)
            except Exception as error:  # noqa: BLE001 - told; the next frame may be whole again
                self._say(f"{self._trouble}: {error}")
            took = time.monotonic() - began
            self._stats.record(self._stage, took)
            self._stopping.wait(max(0.0, 1 / self._rate - took))

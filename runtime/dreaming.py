"""The thread that dreams: newest camera frame in, newest dream out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .dreamer import Dreamer
from .frame import Frame
from .scaling import scaled
from .slot import Capture, Closed, Slot
from .stats import Stats
from .switching import Switcher

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""


@dataclass(frozen=True)
class Dreamt:
    """One dreamt frame and the picture it grew from, both uint8 BGR [height, width, 3]."""

    picture: np.ndarray
    dream: np.ndarray
    time: float


class Dreaming(threading.Thread):
    """Runs until the source ends, `frames` are done, or `stop`.

    mirror, frozen: set from any thread. `output` holds the newest dream, and is closed at the end
    with the error where there was one. listener: called with every dream, in this thread.
    """

    def __init__(
        self,
        capture: Capture,
        dreamer: Dreamer,
        switcher: Switcher,
        stats: Stats,
        *,
        live: bool,
        box: tuple[int, int] | None,
        frames: int | None = None,
    ) -> None:
        super().__init__(name="dreaming", daemon=True)
        self.output: Slot[Dreamt] = Slot()
        self.mirror = False
        self.frozen = False
        self.listener: Callable[[Dreamt], None] | None = None
        self.size = (0, 0)
        self._capture = capture
        self.dreamer = dreamer
        self.switcher = switcher
        self._stats = stats
        self._live = live
        self._box = box
        self._frames = frames
        self._reset = threading.Event()
        self._stopping = threading.Event()

    def reset(self) -> None:
        """Let go of the dream before the next frame."""
        self._reset.set()

    def stop(self) -> None:
        """End after the frame at hand; returns when the thread has ended."""
        self._stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join()

    def run(self) -> None:
        try:
            self._run()
        except Closed:
            self.output.close()
        except Exception as error:  # noqa: BLE001 - not swallowed: the taker of `output` gets it
            self.output.close(error)
        else:
            self.output.close()

    def _run(self) -> None:
        frame: Frame | None = None
        done = 0
        while not self._stopping.is_set() and done != self._frames:
            newest = self._capture.take(WAIT)
            if newest is None:
                continue
            if self.frozen and frame is not None:
                # The picture stands, time goes on: the dream on it grows and fades as before.
                newest = Frame(frame.image, newest.time, newest.index)
            frame = newest
            self._apply_changes()
            self._dream(frame)
            done += 1

    def _apply_changes(self) -> None:
        ready = self.switcher.take()
        if ready:
            self.dreamer.engine, self.dreamer.dream = ready.engine, ready.dream
        if self._reset.is_set():
            self._reset.clear()
            self.dreamer.reset()

    def _dream(self, frame: Frame) -> None:
        with self._stats.stage("scale"):
            picture = scaled(frame.image, self._box)
            if self.mirror:
                picture = np.ascontiguousarray(picture[:, ::-1])
        self.size = picture.shape[:2]
        dreamer = self.dreamer
        dream = dreamer.live(picture, frame.time) if self._live else dreamer.still(picture)
        dreamt = Dreamt(picture, dream, frame.time)
        self._stats.frame()
        if self.listener:
            self.listener(dreamt)
        self.output.put(dreamt)

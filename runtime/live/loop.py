"""The thread that dreams: newest camera frame in, newest dream out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dream.dreamer import Dreamer
from ..frame import Frame
from ..gradient.switching import Ready, Switcher
from ..scaling import scaled
from ..stats import Stats
from .slot import Capture, Closed, Slot

HANGS = 1.0
"""Seconds after which the frame at hand counts as one that will never be done."""

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""


@dataclass(frozen=True)
class Dreamt:
    """One dreamt frame and the picture it grew from, both uint8 BGR [height, width, 3].

    result: what the device's `download` gave. time: of capture.
    """

    picture: np.ndarray
    result: np.ndarray
    time: float

    @property
    def dream(self) -> np.ndarray:
        """From a graphics card it may still be on its way: the first one to ask waits for it.

        Raises DeviceError where the card failed meanwhile.
        """
        return np.asarray(self.result)


class Dreaming(threading.Thread):
    """Runs until the source ends, `frames` are done, or `stop`.

    mirror, frozen: set from any thread. `output` holds the newest dream, and is closed at the end
    with the error where there was one. listener: called with every dream, in this thread. notify:
    hears what was given up to keep the picture going.
    """

    def __init__(
        self,
        capture: Capture,
        dreamer: Dreamer[Any],
        switcher: Switcher,
        stats: Stats,
        *,
        live: bool,
        box: tuple[int, int] | None,
        frames: int | None = None,
        notify: Callable[[str], None] = lambda text: None,
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
        self._notify = notify
        self._reset = threading.Event()
        self._stopping = threading.Event()

    def reset(self) -> None:
        """Let go of the dream before the next frame."""
        self._reset.set()

    def stop(self) -> None:
        """End after the frame at hand. Waits for it, but not for a device that hangs."""
        self._stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(HANGS)

    def run(self) -> None:
        try:
            with self.dreamer.device.attached():
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
            try:
                self._dream(frame)
            except Exception as error:  # noqa: BLE001 - raised again where less would not help
                self._go_on_with_less(error)
            else:
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
        result = dreamer.live(picture, frame.time) if self._live else dreamer.still(picture)
        dreamt = Dreamt(picture, result, frame.time)
        self._stats.frame()
        if self.listener:
            self.listener(dreamt)
        self.output.put(dreamt)

    def _go_on_with_less(self, error: Exception) -> None:
        """After a device failed. Raises `error` where less would not help."""
        dreamer = self.dreamer
        recovery = self.switcher.platform.recover(error, dreamer, self.size)
        if recovery.size != self.size:
            self._box = recovery.size[1], recovery.size[0]
        ready = Ready(dreamer.engine, dreamer.dream)
        self.switcher.step_down(ready, recovery.size, recovery.platform)
        self._notify(recovery.message)

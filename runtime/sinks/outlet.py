"""One sink beside the show: its own thread and the newest picture, opened again when it fails."""

from __future__ import annotations

import threading
import time as clocks
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import av.error
import numpy as np

from ..errors import sentence
from ..pauses import Pauses
from ..scaling import letterbox
from ..slot import Closed, Slot
from ..stats import Samples
from .sent import reported
from .sink import Sink

RATE = 30.0
"""Pictures a second towards a steady sink, where no rate is asked for."""

SETTLED = 2.0
"""Seconds without a failure after which a sink counts as back."""

STUCK = 3.0
"""Seconds in one call after which a sink counts as blocked."""

PATIENCE = 0.1
"""Seconds of delay that a steady sink catches up with; what is later goes on from there."""

KEPT = 3600
"""Newest ages that are kept."""


class Outlet:
    """Sends the newest picture to `sink`, from a thread that nobody waits for.

    A sink that raises is closed and opened again after growing pauses, without end; that is told
    once, and once more when it is back. One that blocks for ever costs its thread and nothing else.

    say: hears a sentence, from any thread. rate: pictures a second, the newest one repeated where
    none came; None is the picture's own rate, for a `steady` sink RATE. state: "waiting" for its
    first picture, "open", "lost" or "blocked". sent: pictures given on. failures: how often it was
    lost.
    """

    def __init__(
        self,
        sink: Sink,
        say: Callable[[str], None],
        *,
        rate: float | None = None,
        pauses: Pauses = Pauses(0.5, 15.0),  # noqa: B008 - it holds two numbers
        clock: Callable[[], float] = clocks.monotonic,
    ) -> None:
        self.sink = sink
        self.sent = self.failures = 0
        self._say, self._pauses, self._clock = say, pauses, clock
        self._rate = rate or (RATE if sink.steady else None)
        self._due = 0.0
        self._slot: Slot[tuple[np.ndarray, float]] = Slot()
        self._size: tuple[int, int] | None = None
        self._state = "waiting"
        self._told = False  # The person knows that something is wrong.
        self._busy: float | None = None  # Since when it is in a call.
        self._ages = Samples(KEPT)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    def put(self, image: np.ndarray, time: float) -> None:
        """Leave uint8 BGR [height, width, 3], taken at `time` seconds of the clock, in place of the
        one before. Returns at once; the picture is read later: do not draw on it."""
        self._slot.put((image, time))

    def look(self) -> None:
        """Tell of a sink that blocks. Called now and then, from any one thread."""
        busy = self._busy
        if not self._told and busy is not None and self._clock() - busy > STUCK:
            self._told = True
            self._say(f"{self.sink.name} does not take pictures at present; the show goes on.")

    @property
    def name(self) -> str:
        return self.sink.name

    @property
    def state(self) -> str:
        busy = self._busy
        return "blocked" if busy is not None and self._clock() - busy > STUCK else self._state

    @property
    def dropped(self) -> int:
        """Pictures that were replaced by newer ones before the sink took them."""
        return self._slot.dropped

    @property
    def age(self) -> float:
        """Seconds from the capture of the newest picture that was sent until it was given on."""
        return self._ages.newest

    def report(self) -> dict[str, Any]:
        """As `reported`."""
        return reported(self.name, self.state, self.sent, self.dropped, self.failures, self._ages)

    def close(self, timeout: float = 2.0) -> bool:
        """Send what waits and let go of the sink. False where it still blocked after `timeout`
        seconds; its thread is left behind then."""
        self._stopping.set()
        self._slot.close()
        self._thread.join(timeout)
        if not self._thread.is_alive():
            return True
        self.sink.abandon()
        return False

    def _run(self) -> None:
        pauses = iter(self._pauses)
        while not self._stopping.is_set():
            opened = self._clock()
            try:
                self._play()
            except Closed:
                return
            except Exception as error:  # noqa: BLE001 - told, and tried again
                if self._state == "open" and self._clock() - opened > SETTLED:
                    pauses = iter(self._pauses)
                self._lose(error)
            self._stopping.wait(next(pauses))

    def _play(self) -> None:
        """Open the sink for the next picture and send until it fails or the outlet is closed."""
        item = self._slot.take()
        assert item is not None
        height, width = item[0].shape[:2]
        # Once for all openings: a receiver must not see another size after an outage.
        self._size = self._size or (width + width % 2, height + height % 2)
        try:
            with _Busy(self):
                self.sink.check()
                where = self.sink.open(self._size, self._rate or RATE)
            if not self._told:
                self._say(f"Sending to {where}")
            self._state, opened, self._due = "open", self._clock(), self._clock()
            while True:
                with _Busy(self):
                    self._send(*item)
                if self._told and self._clock() - opened > SETTLED:
                    self._told = False
                    self._say(f"{self.sink.name} is back")
                item = self._following(item)
        finally:
            with _Busy(self), suppress(Exception):
                self.sink.close()

    def _following(self, newest: tuple[np.ndarray, float]) -> tuple[np.ndarray, float]:
        if self._rate is None:
            item = self._slot.take()
            assert item is not None
            return item
        now = self._clock()
        self._due = max(self._due + 1 / self._rate, now - PATIENCE)
        if self._stopping.wait(max(0.0, self._due - now)):
            raise Closed
        return self._slot.take(0) or newest

    def _send(self, image: np.ndarray, time: float) -> None:
        if self.sink.fixed and (image.shape[1], image.shape[0]) != self._size:
            assert self._size is not None
            image = letterbox(image, self._size)
        # A steady sink's picture stands for the moment at which it is repeated.
        self.sink.send(np.ascontiguousarray(image), self._due if self._rate else time)
        self.sent += 1
        self._ages.add(self._clock() - time)

    def _lose(self, error: Exception) -> None:
        self.failures += 1
        self._state = "lost"
        if not self._told:
            self._told = True
            self._say(f"{self.sink.name}: {_told(error)} It is tried again.")


class _Busy:
    """Marks an outlet's call into its sink."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def __enter__(self) -> None:
        self._outlet._busy = self._outlet._clock()

    def __exit__(self, *_: object) -> None:
        self._outlet._busy = None


def _told(error: Exception) -> str:
    """A `sentence`; of the system's and FFmpeg's errors the words alone, without numbers, nor the
    address, which may hold a secret."""
    if isinstance(error, (OSError, av.error.FFmpegError)) and error.strerror:
        return f"{error.strerror}."
    return sentence(error)

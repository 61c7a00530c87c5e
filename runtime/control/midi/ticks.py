"""MIDI clock: a line through the last ticks, which bears their jitter better than their average.
Pure."""

from __future__ import annotations

from collections import deque

from ..tempo import FASTEST, SLOWEST, Tempo
from .decoder import Beat, Place

TICKS = 24
"""Of a beat."""

FITTED = 96
"""Ticks that the line goes through, at most; four beats."""

ENOUGH = 13
"""Ticks from which on the tempo is told."""

GAP = 1.0
"""Seconds without a tick after which the line begins anew; the beat goes on meanwhile."""


class ClockFit:
    """The tempo of a clock that is heard tick by tick.

    After `start` the next tick is beat 0; ticks that come while it stands still set the tempo and
    not the place.
    """

    def __init__(self) -> None:
        self._ticks: deque[tuple[int, float]] = deque(maxlen=FITTED)
        self._next = 0

    def heard(self, message: Beat | Place) -> Tempo | None:
        """The tempo after a message; None where it is not known yet, or did not change."""
        if isinstance(message, Place):
            self._move_to(message.ticks)
            return None
        if message.what == "start":
            self._move_to(0)
        if message.what != "tick":
            return None
        if self._ticks and not 0 <= message.time - self._ticks[-1][1] <= GAP:
            self._ticks.clear()
        self._ticks.append((self._next, message.time))
        self._next += 1
        return self._tempo() if len(self._ticks) >= ENOUGH else None

    def _move_to(self, tick: int) -> None:
        shift = tick - self._next
        self._next = tick
        self._ticks = deque(((each + shift, time) for each, time in self._ticks), FITTED)

    def _tempo(self) -> Tempo | None:
        count = len(self._ticks)
        tick = sum(each for each, _ in self._ticks) / count
        time = sum(each for _, each in self._ticks) / count
        spread = sum((each - tick) ** 2 for each, _ in self._ticks)
        slope = sum((each - tick) * (at - time) for each, at in self._ticks) / spread
        if slope <= 0:
            return None
        bpm = 60 / (slope * TICKS)
        # Slower or faster than any music: a device that sends something else.
        if not SLOWEST <= bpm <= FASTEST:
            return None
        return Tempo(bpm, time, tick / TICKS)

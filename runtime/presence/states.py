"""What the show does with who is there: ATTRACT, NOTICE, DREAM, FADE, as a machine with given time.

ATTRACT plays something while nobody is there. NOTICE: somebody came, the camera fades in. DREAM:
the camera's dream. FADE: nobody for a while, what attracts fades in again, slowly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

LOOKS, ENOUGH = 5, 3
"""Of the newest LOOKS, so many must have seen somebody."""

LATELY = 3.0
"""Seconds after which a look counts no more."""


class State(StrEnum):
    ATTRACT = "attract"
    NOTICE = "notice"
    DREAM = "dream"
    FADE = "fade"


@dataclass(frozen=True)
class Times:
    """Seconds. notice: in which the camera fades in. alone: without anybody, until FADE. away:
    without anybody, until ATTRACT."""

    notice: float = 1.0
    alone: float = 25.0
    away: float = 60.0


@dataclass(frozen=True)
class _Way:
    """A fade of the share of what attracts, 0..1."""

    start: float
    target: float
    time: float
    seconds: float

    @property
    def end(self) -> float:
        return self.time + self.seconds

    def at(self, time: float) -> float:
        part = min(max((time - self.time) / self.seconds, 0.0), 1.0)
        return self.start + (self.target - self.start) * part * part * (3 - 2 * part)


class Visit:
    """Begins with ATTRACT at `time`, in seconds; where `empty` is false with DREAM. `visits` counts
    how often somebody came."""

    def __init__(self, time: float, *, empty: bool = True, times: Times = Times()) -> None:
        self.times = times
        self.visits = 0
        self.state = State.ATTRACT if empty else State.DREAM
        self._looks: deque[tuple[float, bool]] = deque(maxlen=LOOKS)
        self._seen = time
        self._way = _Way(float(empty), float(empty), time, 1.0)

    def look(self, seen: bool, time: float) -> State:
        """What the show does at `time`, after one more look that saw somebody or not."""
        self._looks.append((time, seen))
        present = sum(each for at, each in self._looks if time - at < LATELY) >= ENOUGH
        if present:
            self._seen = time
        before = None
        while before != self.state:  # After a long pause several at once.
            before, self.state = self.state, self._next(present, time)
        return self.state

    def share(self, time: float) -> float:
        """Of the picture, how much is what attracts, 0..1; never a jump."""
        return self._way.at(time)

    def _next(self, present: bool, time: float) -> State:
        alone = time - self._seen
        if self.state in (State.ATTRACT, State.FADE) and present:
            self.visits += self.state == State.ATTRACT
            self._go(0.0, time, self.times.notice)
            return State.NOTICE
        if self.state == State.NOTICE and time >= self._way.end:
            return State.DREAM
        if self.state == State.DREAM and alone >= self.times.alone:
            left = self._seen + self.times.away - time
            self._go(1.0, time, max(left, self.times.notice))
            return State.FADE
        if self.state == State.FADE and time >= self._way.end:
            return State.ATTRACT
        return self.state

    def _go(self, target: float, time: float, seconds: float) -> None:
        self._way = _Way(self.share(time), target, time, seconds)

"""A dreamt frame by stage, on the clocks of host and device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .clocks import Clock, HostClock


class StageTimes:
    """Notes stages frame by frame, on one or several clocks. About 1 microsecond a stage.

    A stage inside another counts for itself alone: the outer one is without it. A frame's marks
    are read when the next frame is over, so a device's clock need not be waited for.
    """

    def __init__(self, clocks: Sequence[Clock] = (HostClock(),)) -> None:
        self.clocks = list(clocks)
        self._marks = [clock.mark for clock in clocks]
        self.frames: list[list[dict[str, float]]] = [[] for _ in self.clocks]
        """Of each clock, of each frame: stage -> seconds; `frame` is the whole."""
        self._current: list[_Span] = []
        self._open: list[_Span] = []
        self._late: list[_Span] = []
        self._whole: _Span | None = None

    def begin(self) -> None:
        """A frame begins."""
        self._whole = self.stage("frame").__enter__()

    def end(self) -> None:
        """The frame is over; the one before it is read."""
        assert self._whole is not None, "no frame has begun"
        self._whole.__exit__()
        self._whole = None
        self._read()
        self._late, self._current = self._current, []

    def finish(self) -> None:
        """Read the last frame too, which waits for the device."""
        for clock in self.clocks:
            clock.wait()
        self._read()
        self._late = []

    def stage(self, name: str) -> _Span:
        """`with times.stage("flow"): ...`; only between `begin` and `end`."""
        return _Span(self, name)

    def _read(self) -> None:
        if not self._late:
            return
        for number, clock in enumerate(self.clocks):
            times: dict[str, float] = {}
            whole = 0.0
            for span in self._late:
                seconds = clock.seconds(span.start[number], span.end[number])
                if span.parent is None:
                    whole = seconds
                    continue
                times[span.name] = times.get(span.name, 0.0) + seconds
                if span.parent.parent is not None:
                    times[span.parent.name] = times.get(span.parent.name, 0.0) - seconds
            self.frames[number].append({**times, "frame": whole})


class _Span:
    __slots__ = ("_times", "end", "name", "parent", "start")

    def __init__(self, times: StageTimes, name: str) -> None:
        self._times = times
        self.name = name
        self.parent: _Span | None = None
        self.start: list[Any] = []
        self.end: list[Any] = []

    def __enter__(self) -> _Span:
        times = self._times
        self.parent = times._open[-1] if times._open else None
        times._open.append(self)
        times._current.append(self)
        self.start = [mark() for mark in times._marks]
        return self

    def __exit__(self, *_: object) -> None:
        times = self._times
        self.end = [mark() for mark in times._marks]
        times._open.pop()

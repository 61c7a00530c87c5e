"""A dreamt frame by stage: a device and an engine that note how long each operation takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar, cast

import numpy as np

from ..dream.device import Array, Device, Engine
from ..stats import Stats
from .clocks import Clock, HostClock

STAGES = {
    "upload": "upload",
    "flow": "flow",
    "warp": "warp",
    "resample": "resample",
    "jitter": "jitter",
    "gradient": "gradient",
    "blur": "blur",
    "ascend": "ascend",
    "add": "combine",
    "subtract": "combine",
    "limit": "combine",
    "download": "download",
}
"""Operation of the device -> stage of the report, in the order of a frame."""

Result = TypeVar("Result")


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

    def timed(self, name: str, function: Callable[..., Result]) -> Callable[..., Result]:
        """`function`, noted as stage `name`."""

        def run(*arguments: Any) -> Result:
            if self._whole is None:
                return function(*arguments)
            with _Span(self, name):
                return function(*arguments)

        return run

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


class _Timed(Generic[Array]):
    """A device's operations, each noted as its stage."""

    def __init__(self, device: Device[Array], times: StageTimes) -> None:
        self._device = device
        for operation, stage in STAGES.items():
            if hasattr(device, operation):
                setattr(self, operation, times.timed(stage, getattr(device, operation)))
        self.download = times.timed("download", self._download)

    def _download(self, image: Array) -> np.ndarray:
        """The picture itself: a card that works ahead would give one that is still on its way."""
        return np.asarray(self._device.download(image))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)


class _TimedEngine(Generic[Array]):
    """An engine whose gradients are noted."""

    def __init__(self, engine: Engine[Array], times: StageTimes) -> None:
        self._engine = engine
        self.gradient = times.timed("gradient", engine.gradient)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class _FlowStats:
    """Takes the place of `Stats` in a dreamer: of its stages only the flow is no operation."""

    def __init__(self, times: StageTimes) -> None:
        self._times = times

    def stage(self, name: str) -> AbstractContextManager[object]:
        if name == "flow" and self._times._whole is not None:
            return self._times.stage("flow")
        return nullcontext()


def timed(
    device: Device[Array], engine: Engine[Array], times: StageTimes
) -> tuple[Device[Array], Engine[Array], Stats]:
    """What a `Dreamer` is made of, with every operation noted in `times`."""
    return (
        cast("Device[Array]", _Timed(device, times)),
        cast("Engine[Array]", _TimedEngine(engine, times)),
        cast(Stats, _FlowStats(times)),
    )

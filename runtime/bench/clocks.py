"""Two ways to tell time: the host's counter, and a device's own, which runs behind it."""

from __future__ import annotations

import time
from typing import Any, Protocol


class Clock(Protocol):
    """Marks points in the work of a device.

    On a device that works on by itself (a GPU's stream) a mark is an event put among the work:
    when the mark is made, the work before it may not have begun. `seconds` of two marks is asked
    a frame later, so that measuring never waits for the device.
    """

    name: str
    """What tells the time, such as "host"."""

    def mark(self) -> Any:
        """A point in time, after all work given to the device so far. Costs microseconds."""
        ...

    def seconds(self, start: Any, end: Any) -> float:
        """Between two marks of an earlier frame."""
        ...


class HostClock:
    """The host's counter: what the thread that dreams waits for. Resolution under 1 us."""

    name = "host"
    mark = staticmethod(time.perf_counter)

    def seconds(self, start: float, end: float) -> float:
        return end - start


def clocks_of(device: object) -> list[Clock]:
    """The host's clock, and the device's own where it has one: an attribute `clock`."""
    own = getattr(device, "clock", None)
    return [HostClock()] if own is None else [HostClock(), own]

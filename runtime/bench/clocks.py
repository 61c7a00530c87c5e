"""Two ways to tell time: the host's counter, and a graphics card's own, which runs behind it."""

from __future__ import annotations

import time
from typing import Any, Protocol

from ...kernels.backend import Stream
from ...kernels.launcher import Launcher
from ..cuda.card import CudaDevice


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
        """Between two marks that the device has passed."""
        ...

    def wait(self) -> None:
        """Until the device has passed all marks made so far."""
        ...


class HostClock:
    """The host's counter: what the thread that dreams waits for. Resolution under 1 us."""

    name = "host"
    mark = staticmethod(time.perf_counter)

    def seconds(self, start: float, end: float) -> float:
        return end - start

    def wait(self) -> None:
        pass


class StreamClock:
    """Events on the stream that a card's pixel operations and network are queued on.

    Time in which the card waits for the host (flow, the queueing of the next kernel) belongs to the
    stage that the host is at: the stages add up here too.
    """

    name = "card"

    def __init__(self, launcher: Launcher, stream: Stream) -> None:
        self._launcher = launcher
        self._stream = stream

    def mark(self) -> Any:
        return self._launcher.mark(self._stream)

    def seconds(self, start: Any, end: Any) -> float:
        return self._launcher.elapsed(start, end) / 1000

    def wait(self) -> None:
        self._launcher.synchronize(self._stream)


def clocks_of(device: object) -> list[Clock]:
    """The host's clock, and the card's own where `device` is one."""
    if isinstance(device, CudaDevice):
        return [HostClock(), StreamClock(device.launcher, device.stream)]
    return [HostClock()]

"""What a show tells the keeper that started it, through a pipe: a line for each sign of life.

`shown 29.8 41` is a picture that was shown, pictures a second and its age in milliseconds;
`waiting` is a show that works and whose source gives nothing.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

EVERY = 0.25
"""Seconds between two lines, at least."""


class Heartbeat:
    """The show's end of the pipe. The keeper is never waited for; where it is gone the show is
    asked to end, since another keeper would start a second one."""

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._clock = clock
        self._last = -EVERY

    def shown(self, fps: float, age: float) -> None:
        """A picture was shown, `age` seconds old; `fps` of them a second."""
        self._tell(f"shown {fps:.1f} {age * 1000:.0f}\n")

    def waiting(self) -> None:
        """The source gives nothing; all else works."""
        self._tell("waiting\n")

    def _tell(self, line: str) -> None:
        now = self._clock()
        if now - self._last < EVERY:
            return
        self._last = now
        try:
            with suppress(BlockingIOError):  # A keeper that is stopped reads later, or never.
                os.write(self._descriptor, line.encode())
        except OSError:
            signal.raise_signal(signal.SIGTERM)

"""Sessions that were lost: how often is too often."""

from __future__ import annotations

import time
from collections import deque

OFTEN, WHILE, PAUSE = 3, 60.0, 5.0
"""A provider that lost its sessions OFTEN times in WHILE seconds is left for another one; where
there is none, it is opened every PAUSE seconds."""


class Losses:
    """Of the provider that plays."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=OFTEN)

    def add(self) -> None:
        """One more, now."""
        self._times.append(time.monotonic())

    def fail(self) -> None:
        """What was lost could not be opened again: as if it had been lost too often."""
        self._times.extend([time.monotonic()] * OFTEN)

    def forget(self) -> None:
        """Another provider has its turn."""
        self._times.clear()

    @property
    def pause(self) -> float:
        """Seconds until what was lost may be opened again; above 0 only after too many."""
        times = self._times
        if len(times) < OFTEN or times[-1] - times[0] > WHILE:
            return 0.0
        return max(0.0, times[-1] + PAUSE - time.monotonic())

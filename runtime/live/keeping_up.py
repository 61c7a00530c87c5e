"""Whether pictures are made as fast as the camera gives frames."""

from __future__ import annotations

from ..frame import Frame

MEMORY = 30
"""Pictures over which that is averaged."""


class KeepingUp:
    """Between keeping every frame and showing the newest: who keeps up on average is late by
    chance, and makes up for it; whoever does not would be late for good."""

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._period = self._taken = 0.0

    def made(self, frame: Frame, seconds: float) -> None:
        """The picture of a frame took so long."""
        last, self._last = self._last, frame
        if last is None or frame.index <= last.index:
            return
        period = (frame.time - last.time) / (frame.index - last.index)
        share = 1 / MEMORY if self._period else 1
        self._period += share * (period - self._period)
        self._taken += share * (seconds - self._taken)

    def __bool__(self) -> bool:
        return self._taken < self._period

"""The last word to the person."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console

STAYS = 4.0
"""Seconds that it stays on screen."""


class Notice:
    """Printed at once, and a while on screen. From any thread. clock: seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._last = ("", 0.0)

    def __call__(self, text: str) -> None:
        self._last = text, self._clock() + STAYS
        self._console.print(text)

    @property
    def text(self) -> str:
        """Empty once it was there long enough."""
        text, until = self._last
        return text if self._clock() < until else ""

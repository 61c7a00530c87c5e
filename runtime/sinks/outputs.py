"""All the places where the picture goes at present."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .named import sink_named
from .outlet import Outlet
from .sent import fact

CLOSING = 2.0
"""Seconds that sinks which are shut, all of them together, have to let go."""


class Outputs:
    """Hands every picture to each outlet that is open, in the time that takes to leave it there.

    specs: what was asked for, as `sink_named` reads it; each may be opened and shut while it
    plays. say: hears of what happens to them, from any thread. rate: as of `Outlet`.
    """

    def __init__(
        self, specs: Sequence[str], say: Callable[[str], None], *, rate: float | None = None
    ) -> None:
        self.specs = tuple(specs)
        self._say, self._rate = say, rate
        self._open: dict[int, Outlet] = {}
        self._closing: list[threading.Thread] = []

    def put(self, image: np.ndarray, time: float) -> None:
        """As of `Outlet.put`, for all."""
        for outlet in tuple(self._open.values()):
            outlet.put(image, time)

    def switch(self, number: int, on: bool) -> None:
        """Open or shut the sink `number`, counted from 0; nothing where it is so already. Shutting
        happens beside the show."""
        if number >= len(self.specs) or on == (number in self._open):
            return
        # A new table each time: `put` goes through the old one meanwhile.
        if on:
            outlet = Outlet(sink_named(self.specs[number]), self._say, rate=self._rate)
            self._open = {**self._open, number: outlet}
            return
        outlet = self._open[number]
        self._open = {key: each for key, each in self._open.items() if key != number}
        self._begin_closing([outlet])
        self._say(f"{outlet.sink.name} is shut")

    def look(self) -> None:
        """Tell of sinks that block. Once in a while, from the main thread."""
        for outlet in self._open.values():
            outlet.look()

    def lines(self) -> list[str]:
        """One short fact a sink, for the display."""
        return [fact(each) for each in self._open.values()]

    def report(self) -> list[dict[str, Any]]:
        """What became of each sink that is open, as of `Outlet.report`."""
        return [outlet.report() for outlet in self._open.values()]

    def close(self) -> None:
        """Shut all at once, and leave behind what still blocks after CLOSING seconds."""
        outlets, self._open = list(self._open.values()), {}
        self._begin_closing(outlets)
        for thread in self._closing:
            thread.join(CLOSING + 1)
        self._closing.clear()

    def _begin_closing(self, outlets: Sequence[Outlet]) -> None:
        self._closing = [each for each in self._closing if each.is_alive()]
        for outlet in outlets:
            thread = threading.Thread(target=outlet.close, args=(CLOSING,), daemon=True)
            thread.start()
            self._closing.append(thread)

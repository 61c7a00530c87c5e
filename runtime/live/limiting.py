"""Stripes and flashes where the pictures pass: every output gets what the limiter lets through."""

from __future__ import annotations

import copy

import numpy as np

from ..safety.limiter import WINDOW, FlashLimiter, Mode
from ..safety.pixels import Processor
from .unstriped import Unstriped
from .window.hud import compare


class Limiting:
    """Limits the dream for all outputs, and what the window shows of it. In `strict` it is softened
    before where it shows stripes.

    While the window shows the camera beside the dream, it has a limiter of its own, which begins
    with what was shown there before, and is kept until the window's pictures have been those of all
    others for so long that neither can tell.
    """

    def __init__(self) -> None:
        self._all = FlashLimiter(Processor(), "standard")
        self._window: FlashLimiter[np.ndarray] | None = None
        self._stripes = Unstriped()
        self._apart = 0.0
        self._time, self._last = 0.0, (0.0, 0.0)

    def limited(
        self,
        dream: np.ndarray,
        picture: np.ndarray,
        mode: Mode,
        comparing: bool,
        times: tuple[float, float],
    ) -> tuple[np.ndarray, np.ndarray]:
        """What all outputs show from now on, and what the window shows.

        dream, picture: uint8 BGR [height, width, 3], with and without the dream. comparing: whether
        the window shows one beside the other. times: monotonic seconds, by the clock of those who
        show at once and of those who keep the camera's time; flashes are as rare by both.
        """
        passed = min(now - last for now, last in zip(times, self._last, strict=True))
        self._time, self._last = self._time + max(0.0, passed), times
        time = self._time
        if comparing and self._window is None:
            self._window = copy.deepcopy(self._all)
        dream = self._stripes.softened(dream, time, mode == "strict")
        self._all.mode = mode
        shown = self._all.limit(dream, time)
        if self._window is None:
            return shown, shown
        self._window.mode = mode
        seen = self._window.limit(compare(picture, shown) if comparing else shown, time)
        if seen is not shown:
            self._apart = time
        elif time - self._apart > WINDOW:
            self._window = None
        return shown, seen

    def close(self) -> None:
        """Nothing more comes."""
        self._stripes.close()

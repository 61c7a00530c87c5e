"""Stripes and flashes where the pictures pass: every output gets what the limiter lets through."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dream.compositor import Compositor
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

    def __init__(self, compositor: Compositor[Any, Any]) -> None:
        """compositor: of the pictures, until another one is given."""
        self._compositor = compositor
        self._all = FlashLimiter(compositor.pixels, "standard")
        self._shown: np.ndarray | None = None
        self._window: FlashLimiter[np.ndarray] | None = None
        self._stripes = Unstriped()
        self._apart = 0.0
        self._time, self._last = 0.0, (0.0, 0.0)

    def go_on_with(self, compositor: Compositor[Any, Any]) -> None:
        """Its pictures are limited from now on; those of the one before may be out of reach."""
        if self._shown is not None:
            last = compositor.upload(self._shown)
            self._all = self._all.on(compositor.pixels, lambda _: last)
        self._compositor = compositor

    def limited(
        self,
        dream: Any,
        picture: np.ndarray,
        mode: Mode,
        comparing: bool,
        times: tuple[float, float],
    ) -> tuple[np.ndarray, np.ndarray]:
        """What all outputs show from now on, and what the window shows.

        dream: the compositor's picture. picture: uint8 BGR [height, width, 3], without the dream,
        as those returned, in host memory. comparing: whether the window shows one beside the other.
        times: monotonic seconds, by the clock of those who show at once and of those who keep the
        camera's time; flashes are as rare by both.
        """
        passed = min(now - last for now, last in zip(times, self._last, strict=True))
        self._time, self._last = self._time + max(0.0, passed), times
        time = self._time
        if comparing and self._window is None:
            self._window = self._all.on(Processor(), self._compositor.download)
        dream = self._stripes.softened(self._compositor.pixels, dream, time, mode == "strict")
        self._all.mode = mode
        shown = self._shown = self._compositor.download(self._all.limit(dream, time))
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

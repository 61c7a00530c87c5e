"""Stripes and flashes where the pictures pass: every output gets what the limiter lets through."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dream.compositor import Compositor
from ..safety.limiter import WINDOW, FlashLimiter, Mode
from ..safety.processors import processor
from .composing import host_compositor
from .easing import FAINTEST, Easing
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
        self._compositor: Compositor[Any, Any] = host_compositor()
        self._all = FlashLimiter(self._compositor.pixels)
        self._shown: np.ndarray | None = None
        self._window: FlashLimiter[np.ndarray] | None = None
        self._stripes = Unstriped()
        self._easing = Easing()
        self._asked = False
        """Whether `eased` looked at the picture that comes next."""
        self._apart = 0.0
        self._time, self._last = 0.0, (0.0, 0.0)

    def follow(self, compositor: Compositor[Any, Any]) -> None:
        """Have what was shown where this one's pictures lie; nothing is left with another one."""
        if compositor is self._compositor:
            return
        # Pictures of the one before may be out of reach: what it gave last is what is shown.
        shown, pixels = self._shown, compositor.pixels
        if shown is None:
            self._all = FlashLimiter(pixels)
        else:
            self._all = self._all.on(pixels, lambda _: compositor.upload(shown))
        self._compositor = compositor

    def eased(
        self,
        camera: np.ndarray,
        residual: Any,
        amount: float,
        contrast: float,
        mode: Mode,
        times: tuple[float, float],
    ) -> np.ndarray | None:
        """A residual whose picture needs less limiting; None where it is as good itself, or not in
        host memory: elsewhere limiting costs nothing. camera, residual, amount, contrast: as of
        `Easing.eased`. mode, times: as of `limited`, which has to come next."""
        shown = self._shown
        if shown is None or not isinstance(residual, np.ndarray) or amount < FAINTEST:
            return None
        self._all.mode = mode
        time = self._time + self._passed(times)
        if self._all.calm(time):
            self._easing.forget()
            return None
        self._asked = True
        return self._easing.eased(
            camera, residual, amount, contrast, shown, lambda cells: self._all.foreseen(cells, time)
        )

    def limited(
        self,
        compositor: Compositor[Any, Any],
        dream: Any,
        picture: np.ndarray,
        mode: Mode,
        comparing: bool,
        times: tuple[float, float],
        eased: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """What all outputs show from now on, and what the window shows.

        dream: the compositor's picture, which may be another compositor than before. picture: the
        same without the dream, uint8 BGR [height, width, 3] in host memory, as what is returned.
        comparing: whether the window shows one beside the other. times: monotonic seconds, by the
        clock of those who show at once and of those who keep the camera's time; flashes are as rare
        by both. eased: whether the dream's picture was made of what `eased` gave.
        """
        self._time, self._last = self._time + self._passed(times), times
        time = self._time
        self.follow(compositor)
        if comparing and self._window is None:
            self._window = self._all.on(processor(), compositor.download)
        dream = self._stripes.softened(compositor.pixels, dream, time, mode == "strict")
        self._all.mode = mode
        asked, self._asked = self._asked, False
        limited = self._all.limit(dream, time, eased, asked)
        if limited is not dream:
            self._easing.forget()
        shown = self._shown = compositor.download(limited)
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
        self._all = FlashLimiter(self._compositor.pixels)  # It keeps no picture.

    def _passed(self, times: tuple[float, float]) -> float:
        """Since the last picture, by the clock that went less."""
        return max(0.0, min(now - last for now, last in zip(times, self._last, strict=True)))

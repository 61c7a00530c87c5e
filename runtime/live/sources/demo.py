"""The program's own scene: plays where there is no camera, and looks the same everywhere."""

from __future__ import annotations

import numpy as np

from .base import Drawn
from .cloudscape import Cloudscape

FPS = 30


class Demo(Drawn):
    """A drifting cloudscape of `size` (width, height), 30 frames a second, without end.

    Frame n depends on `seed`, `size` and n alone. `paced=False` yields as fast as it is drawn.
    """

    def __init__(
        self, size: tuple[int, int] = (320, 240), *, seed: int = 0, paced: bool = True
    ) -> None:
        super().__init__(FPS if paced else None)
        self._scene = Cloudscape(size, seed)

    def describe(self) -> str:
        width, height = self._scene.size
        return f"demo: a drifting cloudscape, {width}x{height} {FPS} fps"

    def picture(self, index: int) -> np.ndarray:
        return self._scene.draw(index / FPS)

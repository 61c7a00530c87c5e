"""Other ways with the limiter's pictures than the processor's."""

from __future__ import annotations

import numpy as np

from livedream import kernels
from livedream.runtime.safety.cells import FINE, over_all_grids, smoothed
from livedream.runtime.safety.pixels import Processor, as_bytes


class DefinedPixels(Processor):
    """The card's, by the definitions that its kernels are held to."""

    def foreseen(self, picture: np.ndarray) -> None:
        """Nothing is less than measuring."""

    def measure(self, picture: np.ndarray) -> np.ndarray:
        return over_all_grids(kernels.meter(picture, FINE[1], FINE[0]))

    def pulled(
        self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        mixed = kernels.hold(picture, before, as_bytes(smoothed(weights)))
        return mixed, self.measure(mixed)


class GuessingPixels(Processor):
    """Foresees what may be far from what is there."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._random = np.random.default_rng(seed)

    def foreseen(self, picture: np.ndarray) -> np.ndarray:
        super().foreseen(picture)
        cells = Processor().measure(picture)
        wrong = self._random.normal(0, 0.1, cells.shape) * (self._random.random(cells.shape) < 0.2)
        return np.clip(cells + wrong, 0, 1).astype(np.float32)

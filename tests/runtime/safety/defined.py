"""The card's way with the limiter's pictures, by the definitions that its kernels are held to."""

from __future__ import annotations

import numpy as np

from livedream import kernels
from livedream.runtime.safety.cells import FINE, over_all_grids, smoothed
from livedream.runtime.safety.pixels import Processor, as_bytes


class DefinedPixels(Processor):
    def measure(self, picture: np.ndarray) -> np.ndarray:
        return over_all_grids(kernels.meter(picture, FINE[1], FINE[0]))

    def pulled(
        self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray, cells: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        mixed = kernels.hold(picture, before, as_bytes(smoothed(weights)))
        return mixed, self.measure(mixed)

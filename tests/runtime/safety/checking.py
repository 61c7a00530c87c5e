"""What must hold for every limited sequence."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from livedream.runtime.safety.limiter import FlashLimiter, Mode
from livedream.runtime.safety.pixels import Pixels, Processor
from tests.runtime.safety import oracle

OWN_GRIDS = [(160, 90), (32, 18), (1, 1)]
SHIFTED_GRIDS = [((53, 31), 0.5), ((24, 14), 0.37)]


def limited(
    sequence: Iterable[tuple[np.ndarray, float]],
    mode: Mode = "strict",
    pixels: Pixels[np.ndarray] | None = None,
) -> tuple[list[np.ndarray], list[float]]:
    """What is shown of it, and when. pixels: the processor's, unless others are given."""
    limiter = FlashLimiter(pixels or Processor(), mode)
    shown = [(limiter.limit(picture, time).copy(), time) for picture, time in sequence]
    return [picture for picture, _ in shown], [time for _, time in shown]


def worst(pictures: list[np.ndarray], times: list[float]) -> int:
    """The most transitions in any second in any cell of the limiter's own grids; where that is no
    more than 4, a bound.
    """
    return max(int(oracle.counted(pictures, times, grid, above=4).max()) for grid in OWN_GRIDS)


def flashing_share(
    pictures: list[np.ndarray], times: list[float], grid: tuple[int, int], shift: float = 0.0
) -> float:
    """The largest share of any view in which some second has more than 3 flashes."""
    found = oracle.counted(pictures, times, grid, shift, above=6)
    return max(oracle.worst_share(plane > 6) for plane in found)

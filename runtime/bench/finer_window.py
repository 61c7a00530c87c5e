"""What one more window of finer detail costs a dream (`--finer`)."""

from __future__ import annotations

import time

import numpy as np

from ..live.composition import residual_of
from ..live.finer import TIMES, Finer
from ..scaling import resized
from ..start import settings_of
from .opened import Opened
from .results import measured
from .sampling import collect
from .schema import Measure
from .synthetic_camera import RATE, swing


class Windows:
    """Dreams frame after frame of `frames`, uint8 [n, height, width, 3] BGR at the camera's size,
    and climbs a window of finer detail on each."""

    def __init__(self, opened: Opened, frames: np.ndarray) -> None:
        self._opened, self._frames = opened, frames
        self._dreamer = opened.dreamer()
        self._finer = Finer(self._dreamer, opened.choices.seed)
        self._index = 0

    def run(self) -> float:
        """The next window; returns its seconds, without those of the dream that it belongs to."""
        height, width = self._opened.size
        image = self._frames[swing(self._index, len(self._frames))]
        moment = self._index / RATE
        self._index += 1
        picture = resized(image, width, height)
        contrast = float(settings_of(self._dreamer, self._opened.choices.recipe)["camera"])
        dream = np.asarray(self._dreamer.live(picture, moment))
        start = time.perf_counter()
        fine = resized(image, TIMES * width, TIMES * height)
        self._finer.grown(fine, residual_of(dream, picture, contrast), contrast)
        return time.perf_counter() - start


def measure_finer(opened: Opened, frames: np.ndarray, seconds: float, raw: bool) -> Measure | None:
    """Windows on dreams of `frames`, for at most `seconds`; None where live there would be none:
    the camera's picture is less than TIMES the dreamt one, or pictures are dreamt as stills."""
    height, width = opened.size
    large = min(frames.shape[1] / height, frames.shape[2] / width) >= TIMES
    if not (opened.live and large):
        return None
    return measured(collect(Windows(opened, frames).run, seconds), raw)

"""How the processor does what keeps the light safe where Numba has compiled that for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...kernels import compiled as kernels
from .cells import FINE, averages, over_all_grids, smoothed
from .meter import no_smaller_than_the_grid, times_of
from .pixels import Processor, as_bytes, enlarged, halved


class _Known(NamedTuple):
    picture: np.ndarray
    light: np.ndarray
    cells: np.ndarray


class CompiledProcessor(Processor):
    """Pictures in host memory. Whoever makes one may measure it on the way, and `know` it."""

    def __init__(self) -> None:
        super().__init__()
        self._known: _Known | None = None
        self.asked = False
        """Whether the picture that was known last has been asked about."""

    def know(self, picture: np.ndarray, light: np.ndarray) -> None:
        """That the picture has this light, as of `light_for`."""
        self._known, self.asked = _Known(picture, light, _cells(light, picture.shape[0])), False

    def foreseen(self, picture: np.ndarray) -> np.ndarray | None:
        if self._cells_of(picture) is not None:
            return None
        small = halved(picture)
        return None if small is picture else _measured(small)

    def measure(self, picture: np.ndarray) -> np.ndarray:
        cells = self._cells_of(picture)
        return _measured(picture) if cells is None else cells

    def pulled(
        self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        light, known = light_for(picture.shape), self._known
        there = known.light if known and known.picture is picture else NO_LIGHT
        held = _held(picture, before, weights, there, light)
        return held, _cells(light, picture.shape[0]) if light.size else _measured(held)

    def mixed(self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return _held(picture, before, weights, NO_LIGHT, NO_LIGHT)

    def _cells_of(self, picture: np.ndarray) -> np.ndarray | None:
        known, self.asked = self._known, True
        return known.cells if known and known.picture is picture else None


NO_LIGHT = np.empty((2, 0, 0), np.float32)
"""For a kernel that shall not measure."""


def light_for(shape: tuple[int, ...]) -> np.ndarray:
    """Where a kernel puts the light of a picture of that shape: NO_LIGHT where that has fewer
    pixels than cells."""
    height, width = shape[:2]
    if times_of(shape) > 1:
        return NO_LIGHT
    return np.empty((2, FINE[1] if height % FINE[1] == 0 else height, width), np.float32)


def flat(picture: np.ndarray) -> np.ndarray:
    """A picture [height, width, 3] as kernels take it: [height, 3 * width] without gaps."""
    return np.ascontiguousarray(picture).reshape(picture.shape[0], -1)


def _measured(picture: np.ndarray) -> np.ndarray:
    """Its cells."""
    picture = no_smaller_than_the_grid(picture, times_of(picture.shape))
    light = light_for(picture.shape)
    kernels.meter(flat(picture), light)
    return _cells(light, picture.shape[0])


def _cells(light: np.ndarray, height: int) -> np.ndarray:
    """Of a picture so high."""
    fine = averages(light, FINE)
    fine *= light.shape[1] / height
    return over_all_grids(fine)


def _held(
    picture: np.ndarray,
    before: np.ndarray,
    weights: np.ndarray,
    known: np.ndarray,
    light: np.ndarray,
) -> np.ndarray:
    much = enlarged(as_bytes(smoothed(weights)), picture.shape)
    held = np.empty(picture.shape, np.uint8)
    kernels.hold(flat(picture), flat(before), much, known, flat(held), light)
    return held

"""How the processor does what keeps the light safe where Numba has compiled that for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...kernels import compiled as kernels
from .cells import FINE, averages, over_all_grids, smoothed
from .meter import no_smaller_than_the_grid, times_of
from .pixels import Processor, as_bytes, enlarged, halved

_NO_LIGHT = np.empty((2, 0, 0), np.float32)
"""Of a picture that is not known, or shall not be measured."""


class _Known(NamedTuple):
    picture: np.ndarray
    light: np.ndarray


class CompiledProcessor(Processor):
    """Pictures in host memory."""

    def __init__(self) -> None:
        super().__init__()
        self._known: _Known | None = None

    def foreseen(self, picture: np.ndarray) -> np.ndarray | None:
        small = halved(picture)
        return None if small is picture else _cells(_measured(small), small.shape)

    def measure(self, picture: np.ndarray) -> np.ndarray:
        light = _measured(picture)
        self._known = _Known(picture, light)
        return _cells(light, picture.shape)

    def pulled(
        self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if times_of(picture.shape) > 1:
            mixed = self.mixed(picture, before, weights)
            return mixed, self.measure(mixed)
        known = self._known
        there = known.light if known and known.picture is picture else _NO_LIGHT
        light = _light_for(picture.shape)
        held = _held(picture, before, weights, there, light)
        return held, _cells(light, picture.shape)

    def mixed(self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return _held(picture, before, weights, _NO_LIGHT, _NO_LIGHT)


def flat(picture: np.ndarray) -> np.ndarray:
    """A picture [height, width, 3] as kernels take it: [height, 3 * width] without gaps."""
    return np.ascontiguousarray(picture).reshape(picture.shape[0], -1)


def _light_for(shape: tuple[int, ...]) -> np.ndarray:
    """Where a kernel puts the light of a picture of that shape."""
    height, width = shape[:2]
    return np.empty((2, FINE[1] if height % FINE[1] == 0 else height, width), np.float32)


def _measured(picture: np.ndarray) -> np.ndarray:
    """Its light."""
    picture = no_smaller_than_the_grid(picture, times_of(picture.shape))
    light = _light_for(picture.shape)
    kernels.meter(flat(picture), light)
    return light


def _cells(light: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Of a picture of that shape."""
    fine = averages(light, FINE)
    fine *= light.shape[1] / (shape[0] * times_of(shape))
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

"""The few operations that the dream needs, over arrays only the device itself understands."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from ..errors import LivedreamError
from .compositor import Compositor

Array = TypeVar("Array")
"""Planar float32 RGB image [3, height, width] in 0..1, or a difference of two, on the device."""


class DeviceError(LivedreamError):
    """The device failed while a picture was on its way. The thread that dreams gets this error too
    and may go on with less (`Platform.recover`); whoever only shows pictures waits for the next."""


class Device(Protocol, Generic[Array]):
    """Pixel operations, as defined by the NumPy functions of the same name in `kernels`."""

    def attached(self) -> AbstractContextManager[None]:
        """A thread other than the one that made the device works inside of this."""
        ...

    def upload(self, bgr: np.ndarray, contrast: float = 1.0) -> Array:
        """uint8 [height, width, 3] BGR to the device, as `to_planar` defines it."""
        ...

    def download(self, image: Array, base: Array | None = None) -> np.ndarray:
        """Back to uint8 [height, width, 3] BGR in host memory, from which it may be read later.
        base: what it grew from, for a `compositor`."""
        ...

    def compositor(self) -> Compositor[Any, Any] | None:
        """A new one that composes where `download` reads from; None where that is host memory.
        Called in the thread that composes, inside of `attached`. Raises DeviceError."""
        ...

    def size(self, image: Array) -> tuple[int, int]:
        """(height, width) in pixels."""
        ...

    def add(self, image: Array, other: Array) -> Array: ...

    def subtract(self, image: Array, other: Array) -> Array: ...

    def jitter(self, image: Array, dx: int, dy: int) -> Array: ...

    def blur(self, gradient: Array, sigma: float) -> Array: ...

    def balance(self, gradient: Array, colour: float, coarseness: float) -> Array: ...

    def ascend(self, image: Array, gradient: Array, step: float, dx: int, dy: int) -> Array: ...

    def resample(self, image: Array, height: int, width: int, align_corners: bool) -> Array: ...

    def warp(self, residual: Array, flow: np.ndarray, keep: np.ndarray) -> Array:
        """flow, keep: host memory, at any size; enlarged to the residual's."""
        ...

    def mask(self, values: Array, weights: np.ndarray, dx: int, dy: int) -> Array:
        """weights: float32 [h, w] in host memory, at any size; enlarged to the values'. The same
        array is the same mask: nobody writes on it."""
        ...

    def pull(
        self, gradient: Array, residual: Array, tv: float, l2: float, dx: int, dy: int
    ) -> Array: ...

    def prune(
        self, residual: Array, gradient: Array, faint: float, idle: float, dx: int, dy: int
    ) -> Array:
        """As `priors.pruned` defines it."""
        ...

    def limit(self, residual: Array, strength: float) -> Array: ...

    def trim(self) -> None:
        """Give memory back that no array uses any more."""
        ...


class Climbed(Protocol, Generic[Array]):
    """What a dream climbs: something that has a gradient."""

    @property
    def minimum_size(self) -> int:
        """Smallest side in pixels."""
        ...

    def gradient(self, image: Array) -> Array:
        """d objective / d image."""
        ...

"""The few operations that the dream needs, over arrays only the device itself understands."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

import numpy as np

from ..errors import LivedreamError
from ..gradient.graph import Graph
from ..gradient.objective import Objective
from ..gradient.providers import Provider

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

    def upload(self, bgr: np.ndarray) -> Array:
        """uint8 [height, width, 3] BGR to the device."""
        ...

    def download(self, image: Array) -> np.ndarray:
        """Back to uint8 [height, width, 3] BGR in host memory."""
        ...

    def size(self, image: Array) -> tuple[int, int]:
        """(height, width) in pixels."""
        ...

    def add(self, image: Array, other: Array) -> Array: ...

    def subtract(self, image: Array, other: Array) -> Array: ...

    def jitter(self, image: Array, dx: int, dy: int) -> Array: ...

    def blur(self, gradient: Array, sigma: float) -> Array: ...

    def ascend(self, image: Array, gradient: Array, step: float, dx: int, dy: int) -> Array: ...

    def resample(self, image: Array, height: int, width: int, align_corners: bool) -> Array: ...

    def warp(self, residual: Array, flow: np.ndarray, keep: np.ndarray) -> Array:
        """flow, keep: host memory, at any size; enlarged to the residual's."""
        ...

    def limit(self, residual: Array, strength: float) -> Array: ...

    def trim(self) -> None:
        """Give memory back that no array uses any more."""
        ...


class Engine(Protocol, Generic[Array]):
    """The network and its gradient, ready on a device."""

    @property
    def graph(self) -> Graph: ...

    @property
    def provider(self) -> Provider: ...

    @property
    def objective(self) -> Objective: ...

    @property
    def minimum_size(self) -> int:
        """Smallest side in pixels."""
        ...

    def describe(self) -> dict[str, str]:
        """What runs: model, layers, weights, provider, precision; for files that carry it."""
        ...

    def steer(self, objective: Objective) -> None:
        """What the next gradients climb; takes no time."""
        ...

    def steered(self, objective: Objective) -> Engine[Array]:
        """Another engine over the same sessions that climbs `objective`."""
        ...

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open what is needed for this size, so that the first gradient does not stall.

        background: a picture plays meanwhile, and must not be held up.
        """
        ...

    def prepared(self, height: int, width: int) -> bool:
        """Whether `prepare` has nothing to do for this size."""
        ...

    def probe(self, image: np.ndarray) -> np.ndarray:
        """One gradient in host memory, float32 [3, height, width], beside the dream."""
        ...

    def keep(self, sizes: Iterable[tuple[int, int]]) -> None:
        """End the sessions of all other sizes, (height, width); from any thread."""
        ...

    def close(self) -> None:
        """End the sessions, also those of engines made by `steered`, from any thread."""
        ...

    def gradient(self, image: Array) -> Array:
        """d objective / d image."""
        ...

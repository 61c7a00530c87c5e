"""The few operations that the dream needs, over arrays only the device itself understands."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import numpy as np

from .objective import Objective

Array = TypeVar("Array")
"""Planar float32 RGB image [3, height, width] in 0..1, or a difference of two, on the device."""


class Device(Protocol, Generic[Array]):
    """Pixel operations, as defined by the NumPy functions of the same name in `kernels`."""

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

    def jitter(self, image: Array, dx: float, dy: float) -> Array: ...

    def blur(self, gradient: Array, sigma: float) -> Array: ...

    def ascend(self, image: Array, gradient: Array, step: float, dx: float, dy: float) -> Array: ...

    def resample(self, image: Array, height: int, width: int, align_corners: bool) -> Array: ...

    def warp(self, residual: Array, flow: np.ndarray, keep: np.ndarray) -> Array:
        """flow, keep: host memory, at any size; enlarged to the residual's."""
        ...

    def limit(self, residual: Array, strength: float) -> Array: ...


class Engine(Protocol, Generic[Array]):
    """The network and its gradient, ready on a device."""

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

    def prepare(self, height: int, width: int) -> None:
        """Open what is needed for this size, so that the first gradient does not stall."""
        ...

    def gradient(self, image: Array) -> Array:
        """d objective / d image."""
        ...

"""What shown pictures are made of: the camera's own with the dream laid over it."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np

from ..safety.pixels import Pixels
from .flow import Motion

Residual = TypeVar("Residual")
"""What a dream added to its picture: bytes around 128, [h, w, 3] as small as it was dreamt."""

Picture = TypeVar("Picture")
"""uint8 BGR [height, width, 3] of any size."""


class Compositor(Protocol[Residual, Picture]):
    """Lays dreams over pictures. `Picture` and `Residual` lie where only the compositor itself
    reaches; all that is given and returned as an array is host memory. For one thread. Raises
    DeviceError where the device that it runs on fails."""

    @property
    def pixels(self) -> Pixels[Picture]:
        """What keeps the light of its pictures safe works by this."""
        ...

    def upload(self, image: np.ndarray) -> Picture:
        """A picture of the camera; what was given is not written on."""
        ...

    def download(self, picture: Picture) -> np.ndarray:
        """The same in host memory, where the caller may write on it."""
        ...

    def dreamt(self, result: Any) -> Picture:
        """What the dream's device gave from its `download`, to the bit."""
        ...

    def residual(
        self, result: Any, picture: np.ndarray, contrast: float, detail: np.ndarray | None
    ) -> Residual:
        """What the dream `result` of `picture` added, which kept `contrast` of itself. detail: more
        of it, bytes around 128 of a larger size, which the residual then has."""
        ...

    def blended(self, residual: Residual, other: Residual, share: float) -> Residual:
        """`other` at `share` 0..1 over a residual of the same size."""
        ...

    def carried(
        self, residual: Residual, motion: Motion, share: np.ndarray | None, like: Residual
    ) -> Residual:
        """A residual of an older picture where it belongs in a newer one, as large as `like`.
        share: of it, 0..1 of the motion's size; None for all."""
        ...

    def held(self, residual: Residual, keep: np.ndarray) -> Residual:
        """`keep`, float32 0..1 of any size, of a residual."""
        ...

    def composed(
        self,
        picture: Picture,
        residual: Residual | None,
        amount: float,
        contrast: float,
        mask: np.ndarray | None,
        light: float,
    ) -> Picture:
        """The picture with the residual on it, None for none, at `light` 0..1 of its brightness.

        amount: 0..1 of the residual. contrast: that the picture keeps at amount 1. mask: where the
        residual shows, float32 [h, w] of any size, 0..1; None is everywhere.
        """
        ...

    def close(self) -> None:
        """Give memory back. What it made is used no more."""
        ...

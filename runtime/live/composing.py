"""The compositor that every machine has: pictures and residuals in host memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import cv2
import numpy as np

from ..dream.flow import Motion
from ..safety.pixels import Processor
from .composition import carry, compose, dimmed, hold, residual_of
from .finer import with_detail


class HostCompositor:
    """See `Compositor`. A picture that nothing changes is returned itself."""

    def __init__(self) -> None:
        self.pixels = Processor()

    def attached(self) -> AbstractContextManager[None]:
        return nullcontext()

    def upload(self, image: np.ndarray) -> np.ndarray:
        return image

    def download(self, picture: np.ndarray) -> np.ndarray:
        return picture

    def dreamt(self, result: Any) -> np.ndarray:
        return np.asarray(result)

    def residual(
        self, result: Any, picture: np.ndarray, contrast: float, detail: np.ndarray | None
    ) -> np.ndarray:
        residual = residual_of(np.asarray(result), picture, contrast)
        return residual if detail is None else with_detail(residual, detail)

    def blended(self, residual: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
        return cv2.addWeighted(residual, 1 - share, other, share, 0)

    def carried(
        self, residual: np.ndarray, motion: Motion, share: np.ndarray | None, like: np.ndarray
    ) -> np.ndarray:
        moved = carry(residual, motion, share)
        if moved.shape == like.shape:
            return moved
        return cv2.resize(moved, like.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    def held(self, residual: np.ndarray, keep: np.ndarray) -> np.ndarray:
        return hold(residual, keep)

    def composed(
        self,
        picture: np.ndarray,
        residual: np.ndarray | None,
        amount: float,
        contrast: float,
        mask: np.ndarray | None,
        light: float,
    ) -> np.ndarray:
        if residual is not None:
            picture = compose(picture, residual, amount, contrast, mask)
        return dimmed(picture, light)

    def close(self) -> None:
        """Nothing to do: arrays are NumPy's."""

"""Pictures laid together where Numba has compiled that for the processor: in one pass, which also
measures them for what keeps their light safe."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from ...kernels import NONE, haze
from ...kernels import compiled as kernels
from ...kernels.warp import around, cubic
from ..safety.compiled_pixels import NO_LIGHT, CompiledProcessor, flat, light_for
from .composing import HostCompositor


class CompiledCompositor(HostCompositor):
    """See `Compositor`."""

    def __init__(self) -> None:
        self._pixels = CompiledProcessor()
        super().__init__(self._pixels)

    def held(self, residual: np.ndarray, keep: np.ndarray) -> np.ndarray:
        share = np.ascontiguousarray(cv2.resize(keep, residual.shape[1::-1]), np.float32)
        held = np.empty(residual.shape, np.uint8)
        kernels.keep(flat(residual), share, flat(held))
        return held

    def composed(
        self,
        picture: np.ndarray,
        residual: np.ndarray | None,
        amount: float,
        contrast: float,
        mask: np.ndarray | None,
        light: float,
    ) -> np.ndarray:
        masked = mask is not None and contrast != 1
        if residual is None or amount == 0 or masked or light != 1:
            return super().composed(picture, residual, amount, contrast, mask, light)
        if mask is not None:
            residual = self.held(residual, mask)
        pixels = self._pixels
        # Where nobody asked about the last one, flashes are not limited.
        measured = light_for(picture.shape) if pixels.asked else NO_LIGHT
        made = compose(picture, residual, amount, contrast, measured)
        if measured.size:
            pixels.know(made, measured)
        return made


def compose(
    camera: np.ndarray, residual: np.ndarray, amount: float, contrast: float, light: np.ndarray
) -> np.ndarray:
    """As `composition.compose`. light: gets that of the picture, as of `light_for`."""
    height, width = camera.shape[:2]
    rows = residual.astype(np.float32)
    if residual.shape[1] != width:
        rows = cv2.resize(rows, (width, residual.shape[0]), interpolation=cv2.INTER_CUBIC)
    places, counts = _enlarging(residual.shape[0], height)
    kept = 1 - amount * (1 - contrast)
    plus = 255 * haze(kept) - NONE * amount
    made = np.empty(camera.shape, np.uint8)
    kernels.compose(flat(camera), flat(rows), places, counts, kept, amount, plus, flat(made), light)
    return made


@functools.lru_cache(8)
def _enlarging(rows: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The four rows out of `rows` that each of `height` is made of, and what they count."""
    places, counts = around((np.arange(height) + 0.5) * (rows / height) - 0.5, rows, cubic)
    return np.ascontiguousarray(places.T, np.int32), np.ascontiguousarray(counts.T)

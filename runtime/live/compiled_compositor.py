"""Pictures composed with what Numba has compiled for the processor."""

from __future__ import annotations

import cv2
import numpy as np

from ...kernels import compiled as kernels
from ..safety.compiled_pixels import CompiledProcessor, flat
from .composing import HostCompositor


class CompiledCompositor(HostCompositor):
    """See `Compositor`. The picture itself is OpenCV's: that is as quick as it can be."""

    def __init__(self) -> None:
        super().__init__(CompiledProcessor())

    def held(self, residual: np.ndarray, keep: np.ndarray) -> np.ndarray:
        share = np.ascontiguousarray(cv2.resize(keep, residual.shape[1::-1]), np.float32)
        held = np.empty(residual.shape, np.uint8)
        kernels.keep(flat(residual), share, flat(held))
        return held

"""The shown picture: the camera's own at its full size, and the residual enlarged onto it."""

from __future__ import annotations

import numpy as np

from .pixels import haze
from .resample import resample
from .residual import NONE, as_bytes
from .warp import around, cubic


def compose(
    camera: np.ndarray,
    residual: np.ndarray | None,
    amount: float = 1.0,
    contrast: float = 1.0,
    mask: np.ndarray | None = None,
    light: float = 1.0,
) -> np.ndarray:
    """light * (camera + mask * (camera faded to `contrast` + amount * enlarged residual - camera)),
    uint8 [height, width, 3] BGR as the camera's picture.

    residual: bytes around NONE, uint8 [h, w, 3] of any size, enlarged by cubic interpolation, edges
    repeated; None for none. amount: 0..1, of all that is done to the camera's picture. contrast:
    0..1, that it keeps around GREY at amount 1. mask: float32 [mh, mw], 0..1, enlarged by pixel
    centres; None is 1. light: 0..1.
    """
    shown = camera.astype(np.float32)
    if residual is not None:
        kept = 1 - amount * (1 - contrast)
        laid = shown * np.float32(kept) + np.float32(255 * haze(kept))
        laid = laid + np.float32(amount) * (_enlarged(residual, *camera.shape[:2]) - NONE)
        if mask is not None:
            laid = shown + resample(mask[None], *camera.shape[:2])[0][..., None] * (laid - shown)
        shown = np.clip(laid, 0, 255)
    return as_bytes(shown * np.float32(light))


def _enlarged(residual: np.ndarray, height: int, width: int) -> np.ndarray:
    """float32 [height, width, 3] in 0..255."""
    values = residual.astype(np.float32)
    for axis, size in ((1, width), (0, height)):
        source = values.shape[axis]
        at = (np.arange(size) + 0.5) * (source / size) - 0.5
        places, counts = around(at, source, cubic)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        values = sum(
            (np.take(values, place, axis) * count.reshape(shape)
             for place, count in zip(places, counts, strict=True)),
            np.zeros((), np.float32),
        )  # fmt: skip
    return np.clip(values, 0, 255)

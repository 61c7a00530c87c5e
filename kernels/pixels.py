"""Camera bytes to planar float and back."""

from __future__ import annotations

import numpy as np

GREY = 118
"""The level of 255 that contrast is taken towards: middle grey."""


def haze(contrast: float) -> float:
    """What is added, 0..1, where a picture of 0..1 keeps `contrast` of its distance from GREY."""
    return (1 - contrast) * GREY / 255


def to_planar(bgr: np.ndarray, contrast: float = 1.0) -> np.ndarray:
    """uint8 [height, width, 3] BGR -> float32 [3, height, width] RGB in 0..1.

    contrast: 0..1, kept around GREY.
    """
    planar = np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)
    return planar * np.float32(contrast) + np.float32(haze(contrast))


def to_bytes(image: np.ndarray) -> np.ndarray:
    """float32 [3, height, width] RGB -> uint8 [height, width, 3] BGR, rounded, clipped to 0..1."""
    scaled = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(1, 2, 0)[:, :, ::-1])

"""Camera bytes to planar float and back."""

from __future__ import annotations

import numpy as np


def to_planar(bgr: np.ndarray) -> np.ndarray:
    """uint8 [height, width, 3] BGR -> float32 [3, height, width] RGB in 0..1."""
    return np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)


def to_bytes(image: np.ndarray) -> np.ndarray:
    """float32 [3, height, width] RGB -> uint8 [height, width, 3] BGR, rounded, clipped to 0..1."""
    scaled = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(1, 2, 0)[:, :, ::-1])

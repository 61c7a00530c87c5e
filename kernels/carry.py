"""A residual in bytes where it belongs in a later picture."""

from __future__ import annotations

import numpy as np

from .resample import resample
from .residual import NONE, as_bytes
from .warp import around, cubic


def carry(
    residual: np.ndarray, flow: np.ndarray | None, keep: np.ndarray, height: int, width: int
) -> np.ndarray:
    """NONE + keep * (the residual where each pixel was in the older picture - NONE), uint8 [height,
    width, 3].

    residual: bytes around NONE, uint8 [h, w, 3] of any size. flow: float32 [2, fh, fw], (x, y) in
    its own pixels from a place in the newer picture to that in the older one, enlarged by pixel
    centres; None is no motion. keep: float32 [kh, kw], 0..1, enlarged alike. Cubic, edges repeated.
    """
    source_height, source_width, _ = residual.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
    x = x * np.float32(source_width / width) - np.float32(0.5)
    y = y * np.float32(source_height / height) - np.float32(0.5)
    if flow is not None:
        motion = resample(flow, height, width)
        x = x + motion[0] * np.float32(source_width / flow.shape[2])
        y = y + motion[1] * np.float32(source_height / flow.shape[1])
    columns, across = around(x, source_width, cubic)
    rows, down = around(y, source_height, cubic)
    values = np.zeros((height, width, 3), np.float32)
    for row, high in zip(rows, down, strict=True):
        for column, wide in zip(columns, across, strict=True):
            values += residual[row, column] * (high * wide)[..., None]
    kept = resample(keep[None], height, width)[0][..., None]
    return as_bytes(NONE + kept * (np.clip(values, 0, 255) - NONE))

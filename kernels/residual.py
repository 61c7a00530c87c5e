"""What a dream added to its picture, in bytes: a third of the memory of float32, and what a
projector shows has no more steps."""

from __future__ import annotations

import numpy as np

NONE = 128
"""The byte of a residual that changes nothing."""


def as_bytes(values: np.ndarray) -> np.ndarray:
    """The nearest of 0..255, uint8."""
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def residual(dream: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Dream minus base as bytes around NONE, uint8 [height, width, 3] BGR. More than 127 levels are
    cut off, which a live dream reaches in less than a thousandth of its values.

    dream: uint8 [height, width, 3] BGR. base: float32 [3, height, width] RGB in 0..1, what it was
    dreamt on, of `to_planar`.
    """
    levels = np.float32(255) * base[::-1].transpose(1, 2, 0)
    return as_bytes(dream.astype(np.float32) - levels + np.float32(NONE))


def blend(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """`other` at `share` 0..1 over `one`, both uint8 of one shape."""
    return as_bytes(one * np.float32(1 - share) + other * np.float32(share))

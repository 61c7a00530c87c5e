"""Random shift before a step, so that no fixed grid of the network's strides shows in the dream."""

from __future__ import annotations

import math

import numpy as np


def jitter(image: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Shift on the torus: what was at (x, y) is at (x + dx, y + dy), both modulo the size.

    image: float32 [channels, height, width]. dx, dy in pixels, any sign and size; a fraction is
    interpolated linearly. The inverse is `jitter(image, -dx, -dy)`, exact for whole pixels.
    Source: Mordvintsev et al., DeepDream notebook, 2015 (whole pixels).
    """
    for axis, shift in ((-1, dx), (-2, dy)):
        whole = math.floor(shift)
        fraction = np.float32(shift - whole)
        moved = np.roll(image, whole, axis)
        if fraction:
            moved = moved * (1 - fraction) + np.roll(moved, 1, axis) * fraction
        image = moved
    return image

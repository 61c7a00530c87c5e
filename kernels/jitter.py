"""Random shift before a step, so that no fixed grid of the network's strides shows in the dream."""

from __future__ import annotations

import numpy as np


def jitter(image: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """Shift on the torus: what was at (x, y) is at (x + dx, y + dy), both modulo the size.

    image: float32 [channels, height, width]. dx, dy: whole pixels, any sign and size. The inverse
    is `jitter(image, -dx, -dy)`. Source: Mordvintsev et al., DeepDream notebook, 2015.
    """
    return np.roll(image, (dy, dx), (-2, -1))

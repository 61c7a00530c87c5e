"""The DeepDream notebook's algorithm, written again from its description, in plain NumPy.

Works in the notebook's own units, 8-bit levels around zero, on arrays [3, height, width]. Shares
no code with the product: it is what the product is held to.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def zoom(planes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Linear spline interpolation whose first and last samples stay where they are."""

    def along(line: np.ndarray, size: int) -> np.ndarray:
        last = len(line) - 1
        return np.interp(np.arange(size) * (last / (size - 1)), np.arange(last + 1), line)

    planes = np.apply_along_axis(along, 1, planes, height)
    return np.apply_along_axis(along, 2, planes, width)


def dream(
    picture: np.ndarray,
    gradient: Callable[[np.ndarray], np.ndarray],
    *,
    octave_n: int = 4,
    octave_scale: float = 1.4,
    iter_n: int = 10,
    step_size: float = 1.5,
    jitter: int = 32,
    random: np.random.Generator | None = None,
    mean: float = 128.0,
) -> np.ndarray:
    """picture: [3, height, width], 0..255. gradient: of the objective for such a picture.

    random: draws each step's shift, x and then y; None leaves the picture where it is. Returns
    float64 [3, height, width], 0..255.
    """
    octaves = [picture.astype(np.float64) - mean]
    for _ in range(octave_n - 1):
        _, height, width = octaves[-1].shape
        octaves.append(zoom(octaves[-1], round(height / octave_scale), round(width / octave_scale)))
    detail = np.zeros_like(octaves[-1])
    for base in reversed(octaves):
        detail = zoom(detail, *base.shape[1:])
        source = base + detail
        for _ in range(iter_n):
            ox, oy = (0, 0) if random is None else random.integers(-jitter, jitter + 1, 2)
            source = np.roll(np.roll(source, ox, -1), oy, -2)
            g = gradient(source + mean)
            source = source + step_size / np.abs(g).mean() * g
            source = np.roll(np.roll(source, -ox, -1), -oy, -2)
            source = np.clip(source, -mean, 255 - mean)
        detail = source - base
    return source + mean

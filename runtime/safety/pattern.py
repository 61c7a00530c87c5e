"""Finding stripes, which can harm even while they stand still."""

from __future__ import annotations

import cv2
import numpy as np

_GRID = (160, 90)
_WINDOWS = (90, 45, 22)
"""Cells: the sides of the squares looked at, half overlapping."""

_CYCLES = 3
_PEAK_SHARE = 0.6
_AMPLITUDE = 0.05


def striped_share(picture: np.ndarray) -> float:
    """The share of the picture, uint8 BGR [height, width, 3], 0..1, that shows one regular wave:
    bars, rings, spokes. More than 0.25 for half a second is dangerous. It misses what is irregular
    or finer than a cell of 160x90, and so proves nothing.
    """
    code = cv2.resize(picture, _GRID, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    luminance = (code**2.2) @ np.array([0.0722, 0.7152, 0.2126], np.float32)
    striped = np.zeros(luminance.shape, bool)
    for side in _WINDOWS:
        for top in _starts(luminance.shape[0], side):
            for left in _starts(luminance.shape[1], side):
                place = (slice(top, top + side), slice(left, left + side))
                if _is_striped(luminance[place]):
                    striped[place] = True
    return float(striped.mean())


def _starts(length: int, side: int) -> list[int]:
    return sorted({*range(0, length - side, side // 2), length - side})


def _is_striped(window: np.ndarray) -> bool:
    side = window.shape[0]
    hann = np.hanning(side)
    weight = hann[:, None] * hann
    mean = (window * weight).sum() / weight.sum()
    power = np.abs(np.fft.fft2((window - mean) * weight)) ** 2
    # Half the plane holds it all; the frequencies below _CYCLES are light and shade.
    frequency = np.fft.fftfreq(side, 1 / side)
    slow = np.hypot(frequency[:, None], frequency) < _CYCLES
    row, column = np.unravel_index(np.where(slow, 0, power).argmax(), power.shape)
    around = np.ix_(np.arange(row - 1, row + 2) % side, np.arange(column - 1, column + 2) % side)
    peak = 2 * power[around].sum()
    # Of a wave of amplitude a, the peak's bins hold a^2 / 4 times the window's own power.
    amplitude = 2 * np.sqrt(peak / 2 / ((weight**2).sum() * weight.size))
    return bool(peak / max(power.sum(), 1e-12) >= _PEAK_SHARE and amplitude >= _AMPLITUDE)

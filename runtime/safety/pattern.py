"""Finding stripes, which can harm even while they stand still, and softening them."""

from __future__ import annotations

import functools
from typing import NamedTuple

import cv2
import numpy as np

from .cells import FINE
from .pixels import Picture, Pixels

DANGEROUS = 0.25
"""Of the picture, more than that."""

LASTS = 0.5
"""Seconds from which on stripes are softened."""

_WINDOWS = (90, 45, 22)
"""Cells: the sides of the squares looked at, half overlapping."""

_CYCLES = 3
_PEAK_SHARE = 0.6
_AMPLITUDE = 0.05
_SWING = 0.1
"""Of luminance, from light to dark: how much stripes are left with."""

_FADE = 1.0
"""Seconds from not at all softened to wholly."""

_STEP = 0.1
"""Seconds that a picture counts for at most, so that it does not jump after a pause."""

_BLUR = 12.0
"""Cells: leaves a twentieth of the widest stripes that are found."""


class Stripes(NamedTuple):
    """What a picture has of one regular wave, bars, rings or spokes: on which share of it, 0..1,
    and how far apart light and dark are there at most, of luminance 0..1."""

    share: float
    swing: float


def stripes(picture: np.ndarray) -> Stripes:
    """Of a picture, uint8 BGR [height, width, 3], or of what `Pixels.small` makes of it. A share
    above DANGEROUS for half a second is dangerous. It misses what is irregular or finer than a cell
    of 160x90, and so proves nothing.
    """
    code = cv2.resize(picture, FINE, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    luminance = (code**2.2) @ np.array([0.0722, 0.7152, 0.2126], np.float32)
    striped = np.zeros(luminance.shape, bool)
    highest = 0.0
    for side in _WINDOWS:
        places = [
            (slice(top, top + side), slice(left, left + side))
            for top in _starts(luminance.shape[0], side)
            for left in _starts(luminance.shape[1], side)
        ]
        amplitudes = _amplitudes(np.stack([luminance[place] for place in places]))
        highest = max(highest, float(amplitudes.max()))
        for place in (place for place, wave in zip(places, amplitudes, strict=True) if wave):
            striped[place] = True
    return Stripes(float(striped.mean()), 2 * highest)


class Softening:
    """How far a sequence of pictures is softened: none while they have no stripes; stripes that
    last are left with a tenth of luminance between light and dark, which fades in and out."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._target = 0.0
        self._weight = 0.0
        self._time = 0.0

    def judged(self, found: Stripes, time: float) -> None:
        """Takes what a picture of `time`, in seconds, has of them."""
        if found.share <= DANGEROUS:
            self._since, self._target = None, 0.0
            return
        if self._since is None:
            self._since = time
        if time - self._since >= LASTS:
            self._target = max(self._target, 1 - _SWING / max(found.swing, _SWING))

    def weight(self, time: float) -> float:
        """For `softened`, of a picture that is shown at `time`; times go on."""
        most = min(max(0.0, time - self._time), _STEP) / _FADE
        self._time = time
        self._weight += min(max(self._target - self._weight, -most), most)
        return self._weight


def softened(pixels: Pixels[Picture], picture: Picture, weight: float) -> Picture:
    """A picture pulled by `weight`, 0..1, toward one without any stripes; at 0 it is returned
    itself."""
    if weight <= 0:
        return picture
    return pixels.toward(picture, cv2.GaussianBlur(pixels.small(picture), (0, 0), _BLUR), weight)


def _starts(length: int, side: int) -> list[int]:
    return sorted({*range(0, length - side, side // 2), length - side})


@functools.cache
def _hann(side: int) -> tuple[np.ndarray, float, np.ndarray]:
    """The weights of a window, the power of a wave in it, and which frequencies are too slow."""
    line = np.hanning(side).astype(np.float32)
    weight = line[:, None] * line
    frequency = np.fft.fftfreq(side, 1 / side)
    slow = np.hypot(frequency[:, None], frequency) < _CYCLES
    return weight, float((weight**2).sum() * weight.size), slow


def _amplitudes(windows: np.ndarray) -> np.ndarray:
    """Of the one wave that each window shows, [windows, side, side]; 0 where there is none."""
    side = windows.shape[1]
    weight, whole, slow = _hann(side)
    mean = (windows * weight).sum(axis=(1, 2), keepdims=True) / weight.sum()
    power = np.abs(np.fft.fft2((windows - mean) * weight)) ** 2
    # Half the plane holds it all; the frequencies below _CYCLES are light and shade.
    highest = np.where(slow, 0, power).reshape(len(power), -1).argmax(axis=1)
    around = np.pad(power, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    row, column = highest // side, highest % side
    peak = sum(
        around[np.arange(len(power)), row + down, column + right]
        for down in range(3)
        for right in range(3)
    )
    peak = 2 * np.asarray(peak)
    # Of a wave of amplitude a, the peak's bins hold a^2 / 4 times the window's own power.
    amplitude = 2 * np.sqrt(peak / 2 / whole)
    regular = peak / np.maximum(power.sum(axis=(1, 2)), 1e-12) >= _PEAK_SHARE
    return np.where(regular & (amplitude >= _AMPLITUDE), amplitude, 0)

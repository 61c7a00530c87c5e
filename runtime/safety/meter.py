"""What flashes are seen by: two signals of a picture, averaged over the cells of three grids."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np

from .cells import FINE, averages, over_all_grids

_STRIP = 100_000
"""Pixels of a picture that are worked on at a time, at most, where the height allows that: what
lies between two steps stays in the processor's cache."""

_TOGETHER = 12
"""Rows of pixels, at most, that are added in 16 bits."""

_LEVELS = 0xFFFF // _TOGETHER
"""Of light, black to white: as many as that leaves room for."""

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_LIGHT = np.rint(_LINEAR * _LEVELS).astype(np.uint16)
"""Of each byte, in levels."""


class Meter:
    """Measures pictures, strip by strip of rows, and keeps the memory that takes. What it knows of
    a picture stays until it begins another one: strips may be measured again.

    Light is counted in whole levels of 16 bits, which go through the processor in half the time of
    float32, and in few calls: after each a thread waits for its turn with the others.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self.strips: list[slice] = []
        """The rows of pixels of the picture at hand, part by part."""

    def measure(self, picture: np.ndarray) -> np.ndarray:
        """Luminance and redness of the picture, uint8 BGR [height, width, 3], both linear in 0..1:
        float32 [2, cells], the cells of FINE row by row, then those of COARSE, then the whole.
        Within 1e-4 of the luminance that there is, and 3e-4 of the redness.
        """
        self.begin(picture.shape)
        for strip in self.strips:
            self.fill(picture, strip)
        return self.cells()

    def begin(self, shape: tuple[int, ...]) -> None:
        """A picture of that shape is measured next."""
        if shape == self._shape:
            return
        self._shape, self.strips = shape, _strips(shape)
        height, width = (length * times_of(shape) for length in shape[:2])
        most = height // len(self.strips) * width
        self._bytes = np.empty(3 * most + 1, np.uint8)
        self._light = np.empty(4 * most, np.uint16)
        self._together = _together(height)
        # Of blue, green, red and redness, over so many rows.
        self._sums = np.empty((4, height // self._together, width), np.uint16)

    def fill(self, picture: np.ndarray, strip: slice, columns: slice | None = None) -> None:
        """Measures one strip of the picture, or some columns of pixels in it."""
        times = times_of(self._shape)
        columns = slice(None) if columns is None or times > 1 else columns
        pixels = no_smaller_than_the_grid(picture[strip, columns], times)
        size, (height, width) = pixels.size, pixels.shape[:2]
        cv2.split(pixels, list(self._bytes[:size].reshape(3, height, width)))
        _look_up(self._bytes[: size + size % 2], self._light[: size + size % 2])
        light = self._light[: 4 * height * width].reshape(4, height, width)
        # Without the standard's gate (R at least 0.8 of the sum): a superset of its red, and no
        # jump at the gate, where the noise of an orange cloth would flash. Nothing is below 0.
        blue, green, red, redness = light
        cv2.subtract(red, green, redness)
        cv2.subtract(redness, blue, redness)
        first, count = (rows // self._together for rows in (strip.start * times, height))
        sums = self._sums[:, first : first + count, columns]
        parts = light.reshape(4, count, self._together, width)
        np.add.reduce(parts, axis=2, dtype=np.uint16, out=sums)

    def cells(self) -> np.ndarray:
        """The cells, as of `measure`, from the strips as they were last measured."""
        blue, green, red, redness = self._sums
        signals = np.empty((2, *blue.shape), np.float32)
        room = _TOGETHER // self._together
        luminance = cv2.addWeighted(blue, 0.0722 * room, green, 0.7152 * room, 0)
        cv2.addWeighted(luminance, 1 / room, red, 0.2126, 0, signals[0], cv2.CV_32F)
        signals[1] = redness
        fine = averages(signals, FINE)
        fine /= self._together * _LEVELS
        return over_all_grids(fine)


def _together(height: int) -> int:
    """How many rows of pixels are added: those of a cell or a part of them, or none, where a cell
    has no whole rows."""
    high = height // FINE[1] if height % FINE[1] == 0 else 1
    return next(rows for rows in range(_TOGETHER, 0, -1) if high % rows == 0)


def _look_up(codes: np.ndarray, light: np.ndarray) -> None:
    """Fills `light`, uint16, with that of as many codes, uint8, an even number."""
    codes, light = codes.reshape(1, -1), light.reshape(1, -1)
    pairs = _pairs()
    if pairs is None:
        cv2.LUT(codes, _LIGHT.reshape(1, -1), light)
    else:
        cv2.LUT(codes.view(np.uint16), pairs, light.view(np.int32))


@functools.cache
def _pairs() -> np.ndarray | None:
    """The light of two bytes at once, in half as many steps; None where OpenCV, before 5, looks up
    single bytes alone."""
    codes = np.arange(1 << 16, dtype=np.uint16).view(np.uint8)
    pairs = _LIGHT[codes].view(np.int32).reshape(1, -1)
    try:
        cv2.LUT(np.zeros((1, 1), np.uint16), pairs)
    except cv2.error:
        return None
    return pairs


def _strips(shape: tuple[int, ...]) -> list[slice]:
    """The rows of a picture in strips of whole pixels and whole cells, of at most _STRIP pixels
    where its height allows that."""
    height, width = shape[:2]
    if times_of(shape) > 1:
        return [slice(0, height)]
    most = math.gcd(height, FINE[1])
    fitting = (each for each in range(1, most + 1) if most % each == 0)
    count = next((each for each in fitting if height * width <= each * _STRIP), most)
    high = height // count
    return [slice(first, first + high) for first in range(0, height, high)]


def times_of(shape: tuple[int, ...]) -> int:
    """How often each pixel of a picture is repeated, so that none has fewer than FINE."""
    return max(1, -(-FINE[0] // shape[1]), -(-FINE[1] // shape[0]))


def no_smaller_than_the_grid(picture: np.ndarray, times: int) -> np.ndarray:
    """The picture with each pixel repeated so often: OpenCV averages exactly where it shrinks."""
    return np.repeat(np.repeat(picture, times, axis=0), times, axis=1) if times > 1 else picture

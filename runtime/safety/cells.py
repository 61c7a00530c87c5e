"""What flashes are counted in: two signals of a picture, averaged over the cells of three grids."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np

FINE = (160, 90)
"""(Columns, rows): at most 0.2 degree a cell for an eye that sees the picture at arm's length."""

COARSE = (32, 18)
"""A divisor of FINE. It sees what flashes in a larger area than a cell while no fine cell does; the
third grid, one cell, does so for the whole picture."""

SOFT = 4
"""Cells of FINE over which what is held runs out into what is not."""

_FINE_CELLS = FINE[0] * FINE[1]
_VIEW = (341 / 1024, 256 / 768)
"""Of width and height: WCAG's 10 degrees of view."""

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
        height, width = (length * _times(shape) for length in shape[:2])
        most = height // len(self.strips) * width
        self._bytes = np.empty(3 * most + 1, np.uint8)
        self._light = np.empty(4 * most, np.uint16)
        self._together = _together(height)
        # Of blue, green, red and redness, over so many rows.
        self._sums = np.empty((4, height // self._together, width), np.uint16)

    def fill(self, picture: np.ndarray, strip: slice, columns: slice | None = None) -> None:
        """Measures one strip of the picture, or some columns of pixels in it."""
        times = _times(self._shape)
        columns = slice(None) if columns is None or times > 1 else columns
        pixels = _no_smaller_than_the_grid(picture[strip, columns], times)
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
        fine = _averages(signals, FINE)
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
    if _times(shape) > 1:
        return [slice(0, height)]
    most = math.gcd(height, FINE[1])
    fitting = (each for each in range(1, most + 1) if most % each == 0)
    count = next((each for each in fitting if height * width <= each * _STRIP), most)
    high = height // count
    return [slice(first, first + high) for first in range(0, height, high)]


def smoothed(weights: np.ndarray) -> np.ndarray:
    """A plane of FINE from one weight per cell of every grid, float32 [cells]: no less than that of
    any cell there, falling to the outside over SOFT cells, so that nobody sees cells."""
    fine, coarse, whole = planes(weights)
    grown = cv2.resize(np.maximum(coarse, whole), FINE, interpolation=cv2.INTER_NEAREST)
    highest = np.maximum(fine, grown)
    soft = cv2.blur(widened(highest, SOFT), (2 * SOFT - 1, 2 * SOFT - 1))
    return np.maximum(soft, widened(highest, 1))


def widened(fine: np.ndarray, radius: int = 1) -> np.ndarray:
    """A plane whose cells have the largest value among those up to `radius` cells away."""
    side = 2 * radius + 1
    return cv2.dilate(fine, np.ones((side, side), np.uint8))


def planes(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three grids of one value per cell, [cells], as planes [rows, columns]."""
    fine, coarse, whole = cells[:_FINE_CELLS], cells[_FINE_CELLS:-1], cells[-1:]
    return fine.reshape(FINE[::-1]), coarse.reshape(COARSE[::-1]), whole.reshape(1, 1)


def largest_share(chosen: np.ndarray) -> float:
    """The largest share, 0..1, that the chosen cells, bool [cells], have in any 10 degrees of view
    or in the whole picture, on the grid where that is largest.
    """
    return max(_share(plane) for plane in planes(chosen))


def _share(plane: np.ndarray) -> float:
    rows, columns = plane.shape
    wide, high = max(1, round(columns * _VIEW[0])), max(1, round(rows * _VIEW[1]))
    upto = cv2.integral(plane.view(np.uint8))
    below = upto[high:] - upto[:-high]
    in_view = below[:, wide:] - below[:, :-wide]
    return max(in_view.max() / (wide * high), upto[-1, -1] / plane.size)


def _times(shape: tuple[int, ...]) -> int:
    """How often each pixel of a picture is repeated, so that none has fewer than FINE."""
    return max(1, -(-FINE[0] // shape[1]), -(-FINE[1] // shape[0]))


def _no_smaller_than_the_grid(picture: np.ndarray, times: int) -> np.ndarray:
    # INTER_AREA averages exactly only where it shrinks.
    return np.repeat(np.repeat(picture, times, axis=0), times, axis=1) if times > 1 else picture


def over_all_grids(fine: np.ndarray) -> np.ndarray:
    """The cells of every grid, [signals, cells], from those of FINE, [signals, rows, columns]."""
    coarse = _averages(fine, COARSE).reshape(len(fine), -1)
    whole = coarse.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.concatenate([fine.reshape(len(fine), -1), coarse, whole], axis=1)


def _averages(planes: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Of planes [count, height, width] over a grid of (columns, rows) cells each, one below the
    other in one call."""
    count, _, width = planes.shape
    columns, rows = grid
    below = planes.reshape(-1, width)
    averages = cv2.resize(below, (columns, count * rows), interpolation=cv2.INTER_AREA)
    return averages.reshape(count, rows, columns)

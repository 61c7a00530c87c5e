"""What flashes are counted in: two signals of a picture, averaged over the cells of three grids."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

FINE = (160, 90)
"""(Columns, rows): at most 0.2 degree a cell for an eye that sees the picture at arm's length."""

COARSE = (32, 18)
"""A divisor of FINE. It sees what flashes in a larger area than a cell while no fine cell does; the
third grid, one cell, does so for the whole picture."""

SOFT = 4
"""Cells of FINE over which what is held runs out into what is not."""

_BLOCK = (FINE[0] // COARSE[0], FINE[1] // COARSE[1])
_FINE_CELLS = FINE[0] * FINE[1]
_COARSE_CELLS = COARSE[0] * COARSE[1]
_VIEW = (341 / 1024, 256 / 768)
"""Of width and height: WCAG's 10 degrees of view."""

_STRIP = 50_000
"""Pixels of a picture that are worked on at a time, at most, where the height allows that: what
lies between two steps stays in the processor's cache."""

_LOW = 4
"""Pixels of a cell's height up to which NumPy adds many rows of cells sooner than OpenCV, which is
asked for each."""

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_TO_LINEAR = _LINEAR.astype(np.float32).reshape(1, 256)
_LUMINANCE = np.array([[0.0722, 0.7152, 0.2126]], np.float32)
# Without the standard's gate (R at least 0.8 of the sum): a superset of its red, and no jump at
# the gate, where the noise of an orange cloth would flash.
_RED = np.array([[-1, -1, 1]], np.float32)


class Strip(NamedTuple):
    """Whole rows of cells of FINE in a picture, and the rows of pixels that they are."""

    cells: slice
    pixels: slice


class Meter:
    """Measures pictures, strip by strip of rows, and keeps the memory that takes. What it knows of
    a picture stays until it begins another one: strips may be measured again.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self.strips: list[Strip] = []
        """All of the picture at hand."""

    def measure(self, picture: np.ndarray) -> np.ndarray:
        """Luminance and redness of the picture, uint8 BGR [height, width, 3], both linear in 0..1:
        float32 [2, cells], the cells of FINE row by row, then those of COARSE, then the whole.
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
        high = height // len(self.strips)
        self._linear = np.empty(high * width * 3, np.float32)
        self._signal = np.empty(high * width, np.float32)
        # Averages down each column of pixels over the height of a cell.
        self._colours = np.empty((FINE[1], width, 3), np.float32)
        self._red = np.empty((FINE[1], width), np.float32)

    def fill(self, picture: np.ndarray, strip: Strip, columns: slice | None = None) -> None:
        """Measures one strip of the picture, or some columns of pixels in it."""
        times = _times(self._shape)
        columns = slice(None) if columns is None or times > 1 else columns
        pixels = _no_smaller_than_the_grid(picture[strip.pixels, columns], times)
        colours, red = self._colours[strip.cells, columns], self._red[strip.cells, columns]
        linear = self._linear[: pixels.size].reshape(pixels.shape)
        signal = self._signal[: pixels.size // 3].reshape(pixels.shape[:2])
        cv2.LUT(pixels, _TO_LINEAR, linear)
        _average_down(linear, colours)
        cv2.transform(linear, _RED, signal)
        cv2.threshold(signal, 0, 0, cv2.THRESH_TOZERO, signal)
        _average_down(signal, red)

    def cells(self) -> np.ndarray:
        """The cells, as of `measure`, from the strips as they were last measured."""
        signals = cv2.transform(self._colours, _LUMINANCE), self._red
        fine = [cv2.resize(signal, FINE, interpolation=cv2.INTER_AREA) for signal in signals]
        return over_all_grids(np.stack(fine))


def _strips(shape: tuple[int, ...]) -> list[Strip]:
    """A picture in strips of whole pixels and whole cells, of at most _STRIP pixels where its
    height allows that."""
    height, width = shape[:2]
    if _times(shape) > 1:
        return [Strip(slice(0, FINE[1]), slice(0, height))]
    most = math.gcd(height, FINE[1])
    fitting = (each for each in range(1, most + 1) if most % each == 0)
    count = next((each for each in fitting if height * width <= each * _STRIP), most)
    cells, pixels = FINE[1] // count, height // count
    return [
        Strip(slice(at * cells, (at + 1) * cells), slice(at * pixels, (at + 1) * pixels))
        for at in range(count)
    ]


def _average_down(pixels: np.ndarray, rows: np.ndarray) -> None:
    """Fills rows, [rows, width, ...], with the averages of as many parts, one above the other, of
    pixels [height, width, ...]."""
    (height, width), count = pixels.shape[:2], len(rows)
    high = height // count
    if height % count:
        rows[:] = cv2.resize(pixels, (width, count), interpolation=cv2.INTER_AREA)
    elif high <= _LOW:
        np.add.reduce(pixels.reshape(count, high, *pixels.shape[1:]), axis=1, out=rows)
        rows /= high
    else:
        flat = pixels.reshape(height, -1)
        for at, row in enumerate(rows):
            part = flat[at * high : (at + 1) * high]
            cv2.reduce(part, 0, cv2.REDUCE_AVG, row.reshape(1, -1))


def smoothed(weights: np.ndarray) -> np.ndarray:
    """A plane of FINE from one weight per cell of every grid, float32 [cells]: no less than that of
    any cell there, falling to the outside over SOFT cells, so that nobody sees cells."""
    fine, coarse, whole = planes(weights)
    grown = np.repeat(np.repeat(coarse, _BLOCK[1], axis=0), _BLOCK[0], axis=1)
    highest = np.maximum(np.maximum(fine, grown), whole)
    soft = cv2.blur(widened(highest, SOFT), (2 * SOFT - 1, 2 * SOFT - 1))
    return np.maximum(soft, widened(highest, 1))


def widened(fine: np.ndarray, radius: int = 1) -> np.ndarray:
    """A plane whose cells have the largest value among those up to `radius` cells away."""
    side = 2 * radius + 1
    return cv2.dilate(fine, np.ones((side, side), np.uint8))


def planes(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three grids of one value per cell, [cells], as planes [rows, columns]."""
    fine, coarse, whole = np.split(cells, [_FINE_CELLS, _FINE_CELLS + _COARSE_CELLS])
    return fine.reshape(FINE[::-1]), coarse.reshape(COARSE[::-1]), whole.reshape(1, 1)


def largest_share(chosen: np.ndarray) -> float:
    """The largest share, 0..1, that the chosen cells, bool [cells], have in any 10 degrees of view
    or in the whole picture, on the grid where that is largest.
    """
    return max(_share(plane.astype(np.float32)) for plane in planes(chosen))


def _share(plane: np.ndarray) -> float:
    rows, columns = plane.shape
    view = (max(1, round(columns * _VIEW[0])), max(1, round(rows * _VIEW[1])))
    in_view = cv2.boxFilter(plane, -1, view, borderType=cv2.BORDER_CONSTANT)
    return max(float(in_view.max()), float(plane.mean()))


def _times(shape: tuple[int, ...]) -> int:
    """How often each pixel of a picture is repeated, so that none has fewer than FINE."""
    return max(1, -(-FINE[0] // shape[1]), -(-FINE[1] // shape[0]))


def _no_smaller_than_the_grid(picture: np.ndarray, times: int) -> np.ndarray:
    # INTER_AREA averages exactly only where it shrinks.
    return np.repeat(np.repeat(picture, times, axis=0), times, axis=1) if times > 1 else picture


def over_all_grids(fine: np.ndarray) -> np.ndarray:
    """The cells of every grid, [signals, cells], from those of FINE, [signals, rows, columns]."""
    return np.stack([_averages(plane) for plane in fine])


def _averages(fine: np.ndarray) -> np.ndarray:
    coarse = cv2.resize(fine, COARSE, interpolation=cv2.INTER_AREA)
    return np.concatenate([fine.ravel(), coarse.ravel(), [coarse.mean(dtype=np.float32)]])

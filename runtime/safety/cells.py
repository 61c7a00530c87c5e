"""What flashes are counted in: two signals of a picture, averaged over the cells of three grids."""

from __future__ import annotations

import math
from collections.abc import Sequence

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

_STRIP = 40_000
"""Pixels of a picture that are worked on at a time, at most, where the height allows that: what
lies between two steps stays in the processor's cache."""

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_TO_LINEAR = _LINEAR.astype(np.float32).reshape(1, 256)
_LUMINANCE = np.array([[0.0722, 0.7152, 0.2126]], np.float32)
# Without the standard's gate (R at least 0.8 of the sum): a superset of its red, and no jump at
# the gate, where the noise of an orange cloth would flash.
_RED = np.array([[-1, -1, 1]], np.float32)


Part = tuple[slice, slice]
"""Rows and columns of pixels."""


class Meter:
    """Measures pictures, and keeps the memory that takes."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.float32)

    def measure(self, picture: np.ndarray) -> np.ndarray:
        """Luminance and redness of the picture, uint8 BGR [height, width, 3], both linear in 0..1:
        float32 [2, cells], the cells of FINE row by row, then those of COARSE, then the whole.
        """
        picture = _no_smaller_than_the_grid(picture)
        fine = np.empty((2, FINE[1], FINE[0]), np.float32)
        self._fill(fine, picture)
        return over_all_grids(fine)

    def measure_again(
        self, picture: np.ndarray, cells: np.ndarray, parts: Sequence[Part]
    ) -> np.ndarray:
        """As `measure`, of a picture that differs only in `parts` from one that had `cells`."""
        height, width = picture.shape[:2]
        if height < FINE[1] or width < FINE[0]:
            return self.measure(picture)
        fine = cells[:, :_FINE_CELLS].reshape(2, *FINE[::-1]).copy()
        for rows, columns in parts:
            high, wide = _cells(rows, height, FINE[1]), _cells(columns, width, FINE[0])
            self._fill(fine[:, high, wide], picture[rows, columns])
        return over_all_grids(fine)

    def _fill(self, fine: np.ndarray, picture: np.ndarray) -> None:
        """The cells of FINE, [2, rows, columns], of a picture of whole ones."""
        strips = _strips(picture, fine.shape[1])
        height, width = picture.shape[0] // strips, picture.shape[1]
        linear, signal = self._room(height, width)
        high = fine.shape[1] // strips
        for strip in range(strips):
            rows = slice(strip * high, (strip + 1) * high)
            cv2.LUT(picture[strip * height : (strip + 1) * height], _TO_LINEAR, linear)
            cv2.transform(linear, _LUMINANCE, signal)
            _average(signal, fine[0, rows])
            cv2.transform(linear, _RED, signal)
            cv2.threshold(signal, 0, 0, cv2.THRESH_TOZERO, signal)
            _average(signal, fine[1, rows])

    def _room(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        pixels = height * width
        if self._memory.size < 4 * pixels:
            self._memory = np.empty(4 * pixels, np.float32)
        linear = self._memory[: 3 * pixels].reshape(height, width, 3)
        return linear, self._memory[3 * pixels : 4 * pixels].reshape(height, width)


def parts(smooth: np.ndarray, size: tuple[int, int]) -> list[Part]:
    """Where a plane of FINE enlarged to `size`, (width, height), may be above 0: rectangles, one
    above the other, of whole cells."""
    # Between two cells the enlarged plane runs from one to the other.
    there = widened(smooth, 1) > 0
    found = []
    for top, bottom in _runs(there.max(axis=1), size[1]):
        cells = slice(top * FINE[1] // size[1], bottom * FINE[1] // size[1])
        columns = _runs(there[cells].max(axis=0), size[0])
        found.append((slice(top, bottom), slice(columns[0][0], columns[-1][1])))
    return found


def _runs(there: np.ndarray, pixels: int) -> list[tuple[int, int]]:
    """From where to where cells are there, in pixels, widened to where a cell ends with a pixel."""
    units = math.gcd(pixels, there.size)
    whole = there.reshape(units, -1).max(axis=1)
    edges = np.flatnonzero(np.diff(whole, prepend=False, append=False)) * (pixels // units)
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _cells(pixels: slice, length: int, cells: int) -> slice:
    return slice(pixels.start * cells // length, pixels.stop * cells // length)


def strips(rows: slice, width: int) -> list[slice]:
    """The rows, in runs of at most _STRIP pixels of so many columns."""
    most = max(1, _STRIP // width)
    return [slice(at, min(at + most, rows.stop)) for at in range(rows.start, rows.stop, most)]


def _strips(picture: np.ndarray, cells: int) -> int:
    """Into how many strips of whole rows of cells a picture with so many is cut."""
    height, width = picture.shape[:2]
    most = math.gcd(height, cells)
    fitting = (each for each in range(1, most + 1) if most % each == 0)
    return next((each for each in fitting if height * width <= each * _STRIP), most)


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


def _no_smaller_than_the_grid(picture: np.ndarray) -> np.ndarray:
    # INTER_AREA averages exactly only where it shrinks.
    height, width = picture.shape[:2]
    times = max(-(-FINE[0] // width), -(-FINE[1] // height))
    if times <= 1:
        return picture
    return np.repeat(np.repeat(picture, times, axis=0), times, axis=1)


def _average(signal: np.ndarray, cells: np.ndarray) -> None:
    """Fills [rows, columns] with the averages of a plane over each."""
    rows, columns = cells.shape
    if signal.shape[0] % rows and signal.shape[1] % columns == 0:
        # Along whole pixels first: what is left for parts of them is a fraction.
        signal = cv2.resize(signal, (columns, signal.shape[0]), interpolation=cv2.INTER_AREA)
    cells[:] = cv2.resize(signal, (columns, rows), interpolation=cv2.INTER_AREA)


def over_all_grids(fine: np.ndarray) -> np.ndarray:
    """The cells of every grid, [signals, cells], from those of FINE, [signals, rows, columns]."""
    return np.stack([_averages(plane) for plane in fine])


def _averages(fine: np.ndarray) -> np.ndarray:
    coarse = cv2.resize(fine, COARSE, interpolation=cv2.INTER_AREA)
    return np.concatenate([fine.ravel(), coarse.ravel(), [coarse.mean(dtype=np.float32)]])

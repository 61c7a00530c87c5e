"""What flashes are counted in: two signals of a picture, averaged over the cells of three grids."""

from __future__ import annotations

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

_BLOCK = (FINE[0] // COARSE[0], FINE[1] // COARSE[1])
_FINE_CELLS = FINE[0] * FINE[1]
_COARSE_CELLS = COARSE[0] * COARSE[1]
_VIEW = (341 / 1024, 256 / 768)
"""Of width and height: WCAG's 10 degrees of view."""

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_TO_LINEAR = np.repeat(_LINEAR.astype(np.float32).reshape(1, 256, 1), 3, axis=2)
_LUMINANCE = np.array([[0.0722, 0.7152, 0.2126]], np.float32)
# Without the standard's gate (R at least 0.8 of the sum): a superset of its red, and no jump at
# the gate, where the noise of an orange cloth would flash.
_RED = np.array([[-1, -1, 1]], np.float32)


def measure(picture: np.ndarray) -> np.ndarray:
    """Luminance and redness of the picture, uint8 BGR [height, width, 3], both linear in 0..1:
    float32 [2, cells], the cells of FINE row by row, then those of COARSE, then the whole.
    """
    picture = _no_smaller_than_the_grid(picture)
    height = picture.shape[0]
    # Strips of whole rows of cells: what lies between stays in the processor's cache.
    strips = math.gcd(height, COARSE[1])
    fine = np.empty((2, FINE[1], FINE[0]), np.float32)
    for cells, pixels in zip(
        np.split(fine, strips, axis=1), np.split(picture, strips), strict=True
    ):
        linear = cv2.LUT(pixels, _TO_LINEAR)
        size = cells.shape[:0:-1]
        cv2.resize(cv2.transform(linear, _LUMINANCE), size, cells[0], interpolation=cv2.INTER_AREA)
        red = cv2.transform(linear, _RED)
        np.maximum(red, 0, out=red)
        cv2.resize(red, size, cells[1], interpolation=cv2.INTER_AREA)
    return np.stack([_averages(plane) for plane in fine])


def spread(weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """One weight per pixel, float32 [height, width], from one per cell, float32 [cells]: no less
    than that of any cell that holds the pixel, falling to the outside over SOFT cells, so that
    nobody sees cells. `size` is (width, height).
    """
    fine, coarse, whole = planes(weights)
    grown = np.repeat(np.repeat(coarse, _BLOCK[1], axis=0), _BLOCK[0], axis=1)
    highest = np.maximum(np.maximum(fine, grown), whole)
    soft = cv2.blur(widened(highest, SOFT), (2 * SOFT - 1, 2 * SOFT - 1))
    return cv2.resize(np.maximum(soft, widened(highest, 1)), size, interpolation=cv2.INTER_LINEAR)


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


def _averages(fine: np.ndarray) -> np.ndarray:
    coarse = cv2.resize(fine, COARSE, interpolation=cv2.INTER_AREA)
    return np.concatenate([fine.ravel(), coarse.ravel(), [coarse.mean(dtype=np.float32)]])

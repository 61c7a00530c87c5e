"""The cells that flashes are counted in: three grids over a picture."""

from __future__ import annotations

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


def over_all_grids(fine: np.ndarray) -> np.ndarray:
    """The cells of every grid, [signals, cells], from those of FINE, [signals, rows, columns]."""
    coarse = averages(fine, COARSE).reshape(len(fine), -1)
    whole = coarse.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.concatenate([fine.reshape(len(fine), -1), coarse, whole], axis=1)


def averages(planes: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Of planes [count, height, width] over a grid of (columns, rows) cells each, one below the
    other in one call."""
    count, _, width = planes.shape
    columns, rows = grid
    below = planes.reshape(-1, width)
    averages = cv2.resize(below, (columns, count * rows), interpolation=cv2.INTER_AREA)
    return averages.reshape(count, rows, columns)

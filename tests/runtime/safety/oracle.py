"""Counts flashes on shown bytes by definition. It shares no line with the limiter: areas by exact
sums in float64, and one count from every window's own start, without hysteresis carried over.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

LUMINANCE, RED = 0.1, 20 / 320

AT_ONCE = 1 << 13
"""Cells that are counted side by side: of several seconds where there are few."""

_CODE = np.arange(256) / 255
_LINEAR = np.where(_CODE <= 0.04045, _CODE / 12.92, ((_CODE + 0.055) / 1.055) ** 2.4)


def signals(picture: np.ndarray, grid: tuple[int, int], shift: float = 0.0) -> np.ndarray:
    """Luminance and redness, float64 [2, rows, columns], over a grid of (columns, rows) cells that
    starts `shift` of a cell outside the picture.
    """
    planes = _planes(picture.tobytes(), picture.shape)
    return _means(_means(planes, 1, grid[1], shift), 2, grid[0], shift)


@lru_cache(256)
def _planes(pixels: bytes, shape: tuple[int, ...]) -> np.ndarray:
    # Once for all grids, and once for pictures that come again.
    picture = np.frombuffer(pixels, np.uint8).reshape(shape)
    blue, green, red = (_LINEAR[picture[..., channel]] for channel in range(3))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.stack([luminance, np.maximum(0, red - green - blue)])


def _means(values: np.ndarray, axis: int, cells: int, shift: float) -> np.ndarray:
    # The sum up to any place between pixels, then differences at the edges of the cells.
    values = np.moveaxis(values, axis, -1)
    pixels = values.shape[-1]
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(axis=-1)], axis=-1)
    edges = np.clip((np.arange(cells + 1 + (shift > 0)) - shift) * pixels / cells, 0, pixels)
    whole = np.minimum(edges.astype(int), pixels - 1)
    upto = sums[..., whole] + (edges - whole) * values[..., whole]
    return np.moveaxis(np.diff(upto) / np.diff(edges), -1, axis)


def most_transitions(values: np.ndarray, times: list[float], theta: float) -> np.ndarray:
    """The most alternating changes by `theta` or more in any one second, per cell: int [cells],
    of `values` [frames, cells] shown at `times`, seconds.
    """
    ends = np.searchsorted(times, np.asarray(times) + 1.0, side="right")
    starts = np.arange(1 + int(np.argmax(ends == len(times))))  # A part of this are later ones.
    most = np.zeros(values.shape[1], int)
    together = 1 + AT_ONCE // values.shape[1]
    for first in range(0, len(starts), together):
        some = starts[first : first + together]
        np.maximum(most, _changes(values, some, ends[some], theta).max(0), out=most)
    return most


def _changes(values: np.ndarray, starts: np.ndarray, ends: np.ndarray, theta: float) -> np.ndarray:
    # Of each stretch of frames, int [stretches, cells]. Low and high are the extremes since the
    # last change: a fall from the high or a rise from the low is the next one. Taking each as early
    # as it comes gives the most there can be. A last frame that stays changes nothing.
    low = values[starts]
    high = low.copy()
    direction = np.zeros(low.shape, np.int8)
    count = np.zeros(low.shape, int)
    for step in range(1, int((ends - starts).max())):
        value = values[np.minimum(starts + step, ends - 1)]
        rises = (direction <= 0) & (value - low >= theta)
        falls = (direction >= 0) & (high - value >= theta)
        changed = rises | falls
        direction[rises] = 1
        direction[falls] = -1
        count += changed
        low = np.where(changed, value, np.minimum(low, value))
        high = np.where(changed, value, np.maximum(high, value))
    return count


def counted(
    pictures: list[np.ndarray],
    times: list[float],
    grid: tuple[int, int],
    shift: float = 0.0,
    above: int = 0,
) -> np.ndarray:
    """The most transitions in any second, luminance and red: int [2, rows, columns]. Cells that
    have no more than `above` in the whole sequence are counted over that.
    """
    seen = np.stack([signals(picture, grid, shift) for picture in pictures])
    found = []
    for index, theta in enumerate((LUMINANCE - 1e-9, RED - 1e-9)):
        values, cells = _without_twins(seen[:, index].reshape(len(pictures), -1))
        (most,) = _changes(values, np.array([0]), np.array([len(values)]), theta)
        close = most > above
        if close.any():
            most[close] = most_transitions(values[:, close], times, theta)
        found.append(most[cells].reshape(seen.shape[2:]))
    return np.stack(found)


def _without_twins(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Cells whose whole histories are equal are counted once.
    key = np.random.default_rng(0).random(len(values)) @ values
    _, first, cells = np.unique(np.round(key, 10), return_index=True, return_inverse=True)
    return np.ascontiguousarray(values[:, first]), cells.ravel()


def worst_share(too_many: np.ndarray) -> float:
    """The largest share of chosen cells, bool [rows, columns], in any third of width and height
    (WCAG's 10 degrees of view) or in the whole.
    """
    rows, columns = too_many.shape
    height, width = max(1, round(rows / 3)), max(1, round(columns / 3))
    views = np.lib.stride_tricks.sliding_window_view(too_many, (height, width))
    return max(float(views.mean(axis=(2, 3)).max()), float(too_many.mean()))

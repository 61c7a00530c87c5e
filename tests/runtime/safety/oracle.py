"""Counts flashes on shown bytes by definition. It shares no line with the limiter: areas by exact
sums in float64, and one count from every window's own start, without hysteresis carried over.
"""

from __future__ import annotations

import numpy as np

LUMINANCE, RED = 0.1, 20 / 320


def signals(picture: np.ndarray, grid: tuple[int, int], shift: float = 0.0) -> np.ndarray:
    """Luminance and redness, float64 [2, rows, columns], over a grid of (columns, rows) cells that
    starts `shift` of a cell outside the picture.
    """
    code = picture.astype(np.float64) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    blue, green, red = np.moveaxis(linear, 2, 0)
    planes = np.stack(
        [0.2126 * red + 0.7152 * green + 0.0722 * blue, np.maximum(0, red - green - blue)]
    )
    rows = _averaging(picture.shape[0], grid[1], shift)
    columns = _averaging(picture.shape[1], grid[0], shift)
    return rows @ planes @ columns.T


def _averaging(pixels: int, cells: int, shift: float) -> np.ndarray:
    edges = np.clip((np.arange(cells + 1 + (shift > 0)) - shift) * pixels / cells, 0, pixels)
    left, right = edges[:-1, None], edges[1:, None]
    at = np.arange(pixels)
    covered = np.clip(np.minimum(right, at + 1) - np.maximum(left, at), 0, None)
    return covered / covered.sum(axis=1, keepdims=True)


def most_transitions(values: np.ndarray, times: list[float], theta: float) -> np.ndarray:
    """The most alternating changes by `theta` or more in any one second, per cell: int [cells],
    of `values` [frames, cells] shown at `times`, seconds.
    """
    most = np.zeros(values.shape[1], int)
    for start, began in enumerate(times):
        end = int(np.searchsorted(times, began + 1.0, side="right"))
        if start and times[-1] < began:
            break
        low = values[start].copy()
        high = low.copy()
        direction = np.zeros(values.shape[1], np.int8)
        count = np.zeros(values.shape[1], int)
        for value in values[start + 1 : end]:
            # Low and high are the extremes since the last change: a fall from the high or a rise
            # from the low is the next one.
            rises = (direction <= 0) & (value - low >= theta)
            falls = (direction >= 0) & (high - value >= theta)
            count += rises | falls
            direction = np.where(rises, 1, np.where(falls, -1, direction))
            low = np.where(rises | falls, value, np.minimum(low, value))
            high = np.where(rises | falls, value, np.maximum(high, value))
        np.maximum(most, count, out=most)
        if end == len(times):
            break
    return most


def counted(
    pictures: list[np.ndarray], times: list[float], grid: tuple[int, int], shift: float = 0.0
) -> np.ndarray:
    """The most transitions in any second, luminance and red: int [2, rows, columns]."""
    seen = np.stack([signals(picture, grid, shift) for picture in pictures])
    frames, _, rows, columns = seen.shape
    found = [
        _pruned(seen[:, index].reshape(frames, -1), times, theta).reshape(rows, columns)
        for index, theta in enumerate((LUMINANCE, RED))
    ]
    return np.stack(found)


def _pruned(values: np.ndarray, times: list[float], theta: float) -> np.ndarray:
    # A cell that never leaves a band narrower than theta has no change; equal cells count once.
    moving = np.ptp(values, axis=0) >= theta
    most = np.zeros(values.shape[1], int)
    if moving.any():
        unique, back = np.unique(np.round(values[:, moving], 9), axis=1, return_inverse=True)
        most[moving] = most_transitions(unique, times, theta - 1e-9)[back.ravel()]
    return most


def worst_share(too_many: np.ndarray) -> float:
    """The largest share of chosen cells, bool [rows, columns], in any third of width and height
    (WCAG's 10 degrees of view) or in the whole.
    """
    rows, columns = too_many.shape
    height, width = max(1, round(rows / 3)), max(1, round(columns / 3))
    views = np.lib.stride_tricks.sliding_window_view(too_many, (height, width))
    return max(float(views.mean(axis=(2, 3)).max()), float(too_many.mean()))

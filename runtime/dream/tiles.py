"""Pictures too large for one session: their gradient in tiles, in memory that does not grow.

Tiles overlap and fade into each other, lie on the torus that jitter shifts, and begin somewhere
else at every step, so that no seam is ever in one place for long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

TILE = 640
"""Pixels of a tile's sides, at most: with the network's 1.5 to 2.5 KB a pixel up to 1 GB."""

OVERLAP = 128
"""Pixels that neighbouring tiles share, at least."""

GRID = 32
"""Pixels of the coarsest stride of the networks: what is on a multiple of it is seen alike."""

Sizes = Callable[[int], list[tuple[int, int]]]


def tile_of(height: int, width: int) -> tuple[int, int]:
    """The (height, width) of the tiles of a picture; its own where it is no larger."""
    return min(height, TILE), min(width, TILE)


def tiled_sizes(sizes: Sizes) -> Sizes:
    """What is to be opened for `sizes`, a function of the network's smallest side, in tiles."""
    return lambda minimum: list(dict.fromkeys(tile_of(*size) for size in sizes(minimum)))


class Tiled:
    """An engine whose gradient is computed in tiles; all else is the engine's own.

    Arrays are NumPy's. The sum of the tiles is the gradient of the whole picture, but for what a
    layer sees beyond a tile's edge.
    """

    def __init__(self, engine: Any, seed: int = 0) -> None:
        self.engine = engine
        self._random = np.random.default_rng(seed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def gradient(self, image: np.ndarray) -> np.ndarray:
        """float32 [3, height, width] -> the same shape."""
        size = image.shape[1:]
        tile = tile_of(*size)
        if tile == size:
            return self.engine.gradient(image)
        places = [self._places(*each) for each in zip(size, tile, strict=True)]
        windows = [_window(*each) for each in zip(size, tile, strict=True)]
        weights = [np.zeros(side, np.float32) for side in size]
        for axis in (0, 1):
            for place in places[axis]:
                weights[axis][place] += windows[axis]
        total = np.zeros_like(image)
        for rows in places[0]:
            for columns in places[1]:
                piece = image[:, rows[:, None], columns]
                found = self.engine.gradient(np.ascontiguousarray(piece))
                total[:, rows[:, None], columns] += found * (windows[0][:, None] * windows[1])
        # An objective is a mean over its picture: each tile's is that much larger.
        share = np.float32(tile[0] * tile[1] / (size[0] * size[1]))
        total *= share / weights[0][:, None]
        total /= weights[1]
        return total

    probe = gradient

    def _places(self, side: int, tile: int) -> list[np.ndarray]:
        """The rows, or columns, of every tile along a side."""
        if tile == side:
            return [np.arange(side)]
        count = -(-side // (tile - OVERLAP - GRID))
        begin = int(self._random.integers(side // GRID)) * GRID
        starts = [begin + round(n * side / count / GRID) * GRID for n in range(count)]
        return [(start + np.arange(tile)) % side for start in starts]


def _window(side: int, tile: int) -> np.ndarray:
    """How much each row, or column, of a tile counts, float32 [tile]: less towards its edges."""
    if tile == side:
        return np.ones(tile, np.float32)
    near = np.minimum(np.arange(tile), np.arange(tile)[::-1]) + 0.5
    share = np.minimum(1, near / OVERLAP)
    return (share * share * (3 - 2 * share)).astype(np.float32)

"""Noise that wraps around sideways: smooth waves and rounded puffs, what clouds are made of."""

from __future__ import annotations

import cv2
import numpy as np


def smooth(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> np.ndarray:
    """Smooth noise with one random bump per `cell` pixels.

    Returns float32 [height, width], periodic in x, about -1..1, mean 0.
    """
    height, width = shape
    pad = 2
    down = int(np.ceil(height / cell)) + 2 * pad
    across = max(2, round(width / cell))
    knots = np.pad(
        rng.uniform(-1, 1, (down, across)).astype(np.float32), ((0, 0), (pad, pad)), mode="wrap"
    )
    scale = width / across
    grid = cv2.resize(knots, None, fx=scale, fy=cell, interpolation=cv2.INTER_CUBIC)
    left, top = round(pad * scale), round(pad * cell)
    noise = grid[top : top + height, left : left + width]
    return noise - noise.mean()


def puffs(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> np.ndarray:
    """Domes around random points, one per `cell` pixels squared: the cauliflower of a cumulus.

    Returns float32 [height, width], periodic in x, about -1..1, mean 0 (inverted Worley noise).
    """
    height, width = shape
    margin = int(np.ceil(2 * cell))
    across, down = max(2, round(width / cell)), int(np.ceil((height + 2 * margin) / cell))
    rows, columns = np.mgrid[0:down, 0:across].reshape(2, -1)
    y = ((rows + rng.uniform(0, 1, rows.size)) * cell).astype(int)
    x = ((columns + rng.uniform(0, 1, rows.size)) * width / across).astype(int) % width
    empty = np.ones((int(down * cell) + 1, width), np.uint8)
    empty[y, x] = 0
    # The distance transform knows no wrapping: the picture gets a margin of itself.
    empty = np.pad(empty, ((0, 0), (margin, margin)), mode="wrap")
    distance = cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_5)
    distance = distance[margin : margin + height, margin : margin + width]
    dome = np.sqrt(np.clip(1 - np.square(distance / cell), 0, 1))
    return ((dome - dome.mean()) * 2).astype(np.float32)

"""How much a program grows: slopes that single jumps do not move, and how sure they are."""

from __future__ import annotations

import numpy as np

BLOCKS = 10
"""Of neighbouring samples, which are not independent."""

DRAWS = 200


def theil_sen(x: np.ndarray, y: np.ndarray) -> float:
    """The median of the slopes between all pairs of samples."""
    first, second = np.triu_indices(len(x), 1)
    run = x[second] - x[first]
    return float(np.median((y[second] - y[first])[run > 0] / run[run > 0]))


def interval(x: np.ndarray, y: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Between which nine of ten slopes lie when blocks of samples are drawn anew."""
    random = np.random.default_rng(seed)
    blocks = np.array_split(np.arange(len(x)), BLOCKS)
    found = []
    for _ in range(DRAWS):
        drawn = np.concatenate([blocks[each] for each in random.integers(0, BLOCKS, BLOCKS)])
        drawn = np.sort(drawn)[:: max(1, len(drawn) // 150)]
        found.append(theil_sen(x[drawn], y[drawn]))
    return float(np.percentile(found, 5)), float(np.percentile(found, 95))

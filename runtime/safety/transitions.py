"""Counting transitions: changes to the other side, by the threshold of a flash or more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

THRESHOLDS = np.array([[0.095], [19 / 320]], np.float32)
"""Of luminance and redness: 5 % below the standards' 0.1 and 20/320."""


class Transitions:
    """The transitions of each signal of each cell, and the times of the last `kept`."""

    def __init__(self, cells: np.ndarray, kept: int) -> None:
        """Starts at `cells`, float32 [signals, cells], with no transition counted."""
        # 1 where a fall is the next transition, -1 where a rise is; and the extreme since the last
        # one, times that: whatever is larger goes on, whatever is smaller comes back.
        self._side = np.ones_like(cells)
        self._farthest = cells.copy()
        self._times = np.full((kept, *cells.shape), -np.inf)

    def too_many(self, cells: np.ndarray, since: float) -> np.ndarray:
        """Bool [signals, cells]: where showing `cells` would complete one transition more than
        `kept` since the time `since`.
        """
        hits = self._farthest - self._side * cells >= THRESHOLDS
        return hits & (self._times[0] > since) if hits.any() else hits

    def at_limit(self, since: float) -> bool:
        """Whether any cell has had `kept` transitions since then: there one more is too many."""
        return bool((self._times[0] > since).any())

    def nearest(self, where: np.ndarray) -> np.ndarray:
        """The luminances that lie just short of a transition, of the cells at the places `where`:
        float32.
        """
        return self._side[0, where] * (self._farthest[0, where] - THRESHOLDS[0] * np.float32(0.9))

    def recent(self, count: int, since: float) -> np.ndarray:
        """Bool [cells]: where any signal has had `count` transitions since then."""
        luminance, redness = self._times[-count] > since
        return luminance | redness

    def advance(self, cells: np.ndarray, time: float) -> bool:
        """Counts what is shown from `time` on, float32 [signals, cells]; True where it is a
        transition anywhere.
        """
        reached = self._side * cells
        hits = self._farthest - reached >= THRESHOLDS
        np.maximum(self._farthest, reached, out=self._farthest)
        if not hits.any():
            return False
        np.negative(self._side, out=self._side, where=hits)
        np.negative(reached, out=self._farthest, where=hits)
        for earlier, later in pairwise(self._times):
            np.copyto(earlier, later, where=hits)
        np.copyto(self._times[-1], time, where=hits)
        return True

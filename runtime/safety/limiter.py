"""The last stage before every sink: no cell of the shown picture flashes more often than allowed.

A picture that would complete one transition too many in a cell is pulled there toward the picture
shown before, which completes none: there is always something admissible to show, at once. What is
shown is measured again, so the bound rests on the bytes and not on the blending. A counter with
hysteresis that sees c transitions in a span misses at most one of any alternation in it, hence
MOST_TRANSITIONS = 3 in WINDOW means at most 4 in any second, 2 flashes: the standards allow 3.
"""

from __future__ import annotations

import math
from typing import Generic, Literal, get_args

import numpy as np

from ..errors import UsageError
from .cells import largest_share
from .pixels import Picture, Pixels
from .transitions import Transitions

Mode = Literal["strict", "standard", "off"]

MOST_TRANSITIONS = 3
WINDOW = 1.1
"""Seconds; a tenth more than the standards' second, for sinks that show early or late."""

_AREA = 0.20
"""Of any 10 degrees of view; the standards allow 0.25."""

_ROUNDS = 3
_RESTLESS = MOST_TRANSITIONS
"""Transitions in one second that make a cell restless: one more would be held."""

_PACE = 0.5
"""Of luminance or redness in a second, in restless cells."""

_RELEASE = 0.5
"""Seconds until a cell's restlessness falls to 1/e; below _LEAST, after 2 seconds, it is none."""

_LEAST = 0.02

_TO_CODE = np.float32(1 / 2.2)
"""Of a luminance the power that is near enough to its code: pictures are blended as codes."""


class FlashLimiter(Generic[Picture]):
    """Limits flashes in a sequence of pictures: to 2 in any second and cell (`strict`), or where
    they cover a fifth of a field of view (`standard`), or not at all (`off`). It lives as long as
    its screen does: a new source or size is a cut, and a cut can be a flash. `mode` may change
    between two pictures.
    """

    def __init__(self, pixels: Pixels[Picture], mode: Mode = "strict") -> None:
        """pixels: does the work on pictures, where they lie. Raises UsageError for a mode that does
        not exist."""
        if mode not in get_args(Mode):
            raise UsageError(f"no flash limit {mode!r}: choose from {', '.join(get_args(Mode))}")
        self.mode = mode
        self._pixels = pixels
        self._screen: _Screen[Picture] | None = None

    def limit(self, picture: Picture, time: float) -> Picture:
        """What to show from `time` on, in monotonic seconds, instead of `picture`: uint8 BGR
        [height, width, 3] both. A calm picture is returned itself. The caller may write on either
        afterwards. In the rare case that a new size has nothing admissible, the picture shown
        before comes again in its own size.
        """
        if self.mode == "off":
            self._screen = None  # What is shown from here on is not known.
            return picture
        if self._screen is None:
            self._screen = _Screen(picture, time, self._pixels)
            return picture
        screen = self._screen
        time = max(time, screen.time)
        shown, cells = picture, self._pixels.measure(picture)
        slowing = screen.slowing(cells, time) if self.mode == "strict" else None
        full = screen.transitions.too_many(cells, time - WINDOW).any(axis=0)
        held = bool(full.any())
        if held and self.mode == "standard":
            held = largest_share(full | (screen.excess > time - WINDOW)) > _AREA
            if not held:
                screen.excess[full] = time
        if held or slowing is not None:
            shown, cells = screen.pulled(picture, cells, slowing, time)
        screen.show(shown, cells, time)
        return shown


class _Screen(Generic[Picture]):
    """What has been shown so far."""

    def __init__(self, picture: Picture, time: float, pixels: Pixels[Picture]) -> None:
        self.picture = pixels.kept(picture)
        self._pixels = pixels
        self.cells = pixels.measure(picture)
        self.time = time
        self.transitions = Transitions(self.cells, MOST_TRANSITIONS)
        self.excess = np.full(self.cells.shape[1], -np.inf)
        self._restless = np.zeros(self.cells.shape[1], np.float32)
        self._counted = -math.inf

    def slowing(self, cells: np.ndarray, time: float) -> np.ndarray | None:
        """How far restless cells are pulled toward the picture shown before, 0..1 [cells], before
        a picture with `cells`; None where none is. This is for comfort: motion fades where the
        limit alone would freeze it.
        """
        passed = time - self.time
        self._restless *= math.exp(-passed / _RELEASE)
        self._restless[self._restless < _LEAST] = 0
        if self._counted > time - 1:
            self._restless[self.transitions.recent(_RESTLESS, time - 1)] = 1
        if not self._restless.any():
            return None
        change = np.abs(cells - self.cells).max(axis=0)
        excess = 1 - np.minimum(1, _PACE * passed / np.maximum(change, 1e-6))
        weights = self._restless * excess.astype(np.float32)
        return weights if weights.any() else None

    def pulled(
        self, picture: Picture, cells: np.ndarray, slowing: np.ndarray | None, time: float
    ) -> tuple[Picture, np.ndarray]:
        """The picture, pulled toward the one shown before by `slowing` and as far as no cell has
        one transition too many, and its cells.
        """
        before = self._fitted(picture)
        cells_before = self.cells if before is self.picture else self._pixels.measure(before)
        weights = np.zeros_like(cells[0]) if slowing is None else slowing
        full = self.transitions.too_many(cells + weights * (cells_before - cells), time - WINDOW)
        # Redness is not linear in the pixels: there the picture before comes again.
        weights = np.where(full[1], np.float32(1), weights)
        bright = full[0]
        short = _share(cells[0, bright], cells_before[0, bright], self.transitions.nearest(bright))
        weights[bright] = np.maximum(weights[bright], short)
        unmixed = cells
        for _ in range(_ROUNDS):
            mixed, cells = self._pixels.pulled(picture, before, weights, unmixed)
            full = self.transitions.too_many(cells, time - WINDOW).any(axis=0)
            if not full.any():
                return mixed, cells
            weights[full] = 1
        if not self.transitions.too_many(cells_before, time - WINDOW).any():
            return self._pixels.kept(before), cells_before
        return self._pixels.kept(self.picture), self.cells

    def show(self, picture: Picture, cells: np.ndarray, time: float) -> None:
        if self.transitions.advance(cells, time):
            self._counted = time
        self.picture = self._pixels.kept(picture, self.picture)
        self.cells, self.time = cells, time

    def _fitted(self, picture: Picture) -> Picture:
        size = self._pixels.size(picture)
        same = self._pixels.size(self.picture) == size
        return self.picture if same else self._pixels.fitted(self.picture, size)


def _share(now: np.ndarray, before: np.ndarray, target: np.ndarray) -> np.ndarray:
    """How far to go from the codes of one luminance to those of another to meet a third, 0..1."""
    now, before, target = (np.maximum(each, 0) ** _TO_CODE for each in (now, before, target))
    way = before - now
    way[np.abs(way) < 1e-6] = 1e-6
    return np.clip((target - now) / way, 0, 1)

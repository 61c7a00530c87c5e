"""The last stage before every sink: no cell of the shown picture flashes more often than allowed.

A picture that would complete one transition too many in a cell is pulled there toward the picture
shown before, which completes none: there is always something admissible to show, at once. What is
shown is measured, so the bound rests on the bytes and neither on the blending nor on what was
foreseen of it, from a smaller picture and from cells alone. A counter with hysteresis that sees c
transitions in a span misses at most one of any alternation in it, hence MOST_TRANSITIONS = 3 in
WINDOW means at most 4 in any second, 2 flashes: the standards allow 3.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Generic, Literal, TypeVar, get_args

import numpy as np

from ..errors import UsageError
from .cells import FINE, largest_share, over_all_grids, smoothed
from .pixels import Picture, Pixels
from .transitions import Transitions

Other = TypeVar("Other")

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
        self.mode: Mode = mode
        self._pixels = pixels
        self._screen: _Screen[Picture] | None = None

    def calm(self, time: float) -> bool:
        """Whether any picture will be shown at `time` as it is, whatever `foreseen` would be asked
        about; nothing counts before `limit` is asked."""
        screen = self._screen
        if self.mode == "off" or screen is None:
            return True
        time = max(time, screen.time)
        screen.settle(time)
        return not screen.tense(time)

    def foreseen(self, cells: np.ndarray, time: float) -> np.ndarray | None:
        """How far a picture of `time` that has about these cells should be pulled toward the one
        shown before, 0..1 [cells]; None where it will be shown as it is. For whoever makes pictures
        and can pull them sooner than `limit` does; nothing counts before that is asked."""
        screen = self._screen
        if screen is None or self.calm(time):
            return None
        time = max(time, screen.time)
        weights = self._held(screen, cells, time)
        return None if weights is None else screen.spread(cells, weights, time)

    def limit(
        self, picture: Picture, time: float, eased: bool = False, asked: bool = False
    ) -> Picture:
        """What to show from `time` on, in monotonic seconds, instead of `picture`: uint8 BGR
        [height, width, 3] both. A calm picture is returned itself. Nobody may write on either
        afterwards. In the rare case that a new size has nothing admissible, the picture shown
        before comes again in its own size. eased: whether it was made as `foreseen` says, and is
        left as it is where it does not flash too often. asked: whether `foreseen` was asked about
        it, so that it is measured without another look ahead.
        """
        if self.mode == "off":
            self._screen = None  # What is shown from here on is not known.
            return picture
        if self._screen is None:
            self._screen = _Screen(picture, time, self._pixels)
            return picture
        screen = self._screen
        time = max(time, screen.time)
        screen.settle(time)
        tense, shown = screen.tense(time), picture
        # Where much is held, how far is well enough foreseen, and only what is shown is measured.
        ahead = tense and not (eased or asked)
        cells = self._pixels.foreseen(picture) if ahead else None
        weights = None if cells is None else self._held(screen, cells, time)
        if cells is not None and weights is not None:
            weights = screen.spread(cells, weights, time)
        else:
            cells = self._pixels.measure(picture)
            weights = self._held(screen, cells, time, eased) if tense else None
        if weights is not None:
            shown, cells = screen.pulled(picture, cells, weights, time)
        elif tense:
            screen.excess[screen.full(cells, time)] = time
        screen.show(shown, cells, time)
        return shown

    def _held(
        self, screen: _Screen[Picture], cells: np.ndarray, time: float, eased: bool = False
    ) -> np.ndarray | None:
        """How far a picture with `cells` is pulled at least, 0..1 [cells]; None where it is shown
        as it is. eased: its motion is slowed already."""
        slows = self.mode == "strict" and not eased
        slowing = screen.slowing(cells, time) if slows else None
        full = screen.full(cells, time)
        held = bool(full.any())
        if held and self.mode == "standard":
            held = largest_share(full | (screen.excess > time - WINDOW)) > _AREA
        return np.zeros_like(cells[0]) if slowing is None and held else slowing

    def on(self, pixels: Pixels[Other], carried: Callable[[Picture], Other]) -> FlashLimiter[Other]:
        """Another limiter that goes on from what this one has shown, with pictures that lie
        elsewhere. carried: takes the one shown before there."""
        other = FlashLimiter(pixels, self.mode)
        if self._screen is not None:
            other._screen = self._screen.on(pixels, carried(self._screen.picture))
        return other


class _Screen(Generic[Picture]):
    """What has been shown so far."""

    def __init__(self, picture: Picture, time: float, pixels: Pixels[Picture]) -> None:
        self.picture = pixels.kept(picture)
        self._pixels = pixels
        self.cells = pixels.measure(picture)
        self.time = time
        self.transitions = Transitions(self.cells, MOST_TRANSITIONS)
        self.excess = np.full(self.cells.shape[1], -np.inf)
        """When each cell was last shown with a transition too many."""
        self._restless = np.zeros(self.cells.shape[1], np.float32)
        self._counted, self._settled = -math.inf, time

    def settle(self, time: float) -> None:
        """Restlessness of cells, at the time of the next picture."""
        if time == self._settled:
            return
        self._restless *= math.exp(-(time - self._settled) / _RELEASE)
        self._settled = time
        self._restless *= self._restless >= _LEAST
        if self._counted > time - 1:
            recent = self.transitions.recent(_RESTLESS, time - 1)
            np.maximum(self._restless, recent, out=self._restless)

    def tense(self, time: float) -> bool:
        """Whether there is a picture that would be held."""
        return bool(self._restless.any()) or self.transitions.at_limit(time - WINDOW)

    def full(self, cells: np.ndarray, time: float) -> np.ndarray:
        """Bool [cells]: where `cells` would be one transition too many."""
        return np.asarray(self.transitions.too_many(cells, time - WINDOW).any(axis=0))

    def on(self, pixels: Pixels[Other], picture: Other) -> _Screen[Other]:
        """The same elsewhere; picture: the one that is shown."""
        other = _Screen(picture, self.time, pixels)
        other.transitions = copy.deepcopy(self.transitions)
        other.excess, other._restless = self.excess.copy(), self._restless.copy()
        other._counted, other._settled = self._counted, self._settled
        return other

    def slowing(self, cells: np.ndarray, time: float) -> np.ndarray | None:
        """How far restless cells are pulled toward the picture shown before, 0..1 [cells], before
        a picture with `cells`; None where none is. This is for comfort: motion fades where the
        limit alone would freeze it.
        """
        if not self._restless.any():
            return None
        change = np.abs(cells - self.cells).max(axis=0)
        excess = 1 - np.minimum(1, _PACE * (time - self.time) / np.maximum(change, 1e-6))
        weights = self._restless * excess.astype(np.float32)
        return weights if weights.any() else None

    def pulled(
        self, picture: Picture, cells: np.ndarray, weights: np.ndarray, time: float
    ) -> tuple[Picture, np.ndarray]:
        """The picture, with about `cells`, pulled toward the one shown before by `weights` and as
        far as no cell has one transition too many, and its cells.
        """
        before = self._fitted(picture)
        cells_before = self.cells if before is self.picture else self._pixels.measure(before)
        weights = self._short(cells, cells_before, weights, time)
        for _ in range(_ROUNDS):
            mixed, cells = self._pixels.pulled(picture, before, weights)
            full = self.full(cells, time)
            if not full.any():
                return mixed, cells
            weights[full] = 1
        if not self.full(cells_before, time).any():
            return before, cells_before
        return self.picture, self.cells

    def spread(self, cells: np.ndarray, weights: np.ndarray, time: float) -> np.ndarray:
        """As much more than `weights` as saves `pulled` further rounds, as far as the cells of the
        two pictures can tell: what is held spreads to others, which may flash by that."""
        weights = self._short(cells, self.cells, weights, time)
        for _ in range(_ROUNDS):
            full = self.full(predicted(cells, self.cells, weights), time)
            if not full.any():
                break
            weights[full] = 1
        return weights

    def _short(
        self, cells: np.ndarray, before: np.ndarray, weights: np.ndarray, time: float
    ) -> np.ndarray:
        """At least `weights`, and where a mixture by them would flash too often, as much of the
        cells before as it takes."""
        full = self.transitions.too_many(cells + weights * (before - cells), time - WINDOW)
        # Redness is not linear in the pixels: there the picture before comes again.
        weights = np.maximum(weights, full[1])
        bright = np.flatnonzero(full[0])
        short = _share(cells[0, bright], before[0, bright], self.transitions.nearest(bright))
        weights[bright] = np.maximum(weights[bright], short)
        return weights

    def show(self, picture: Picture, cells: np.ndarray, time: float) -> None:
        if self.transitions.advance(cells, time):
            self._counted = time
        self.picture = self._pixels.kept(picture)
        self.cells, self.time = cells, time

    def _fitted(self, picture: Picture) -> Picture:
        size = self._pixels.size(picture)
        same = self._pixels.size(self.picture) == size
        return self.picture if same else self._pixels.fitted(self.picture, size)


def predicted(cells: np.ndarray, before: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """About the cells of a picture that has `cells`, pulled by `weights` toward one that has those
    before."""
    share = smoothed(weights).ravel()
    fine = slice(0, share.size)
    light = (1 - share) * _code(cells[0, fine]) + share * _code(before[0, fine])
    red = (1 - share) * cells[1, fine] + share * before[1, fine]
    return over_all_grids(np.stack((light ** (1 / _TO_CODE), red)).reshape(2, FINE[1], FINE[0]))


def _code(luminance: np.ndarray) -> np.ndarray:
    return np.maximum(luminance, 0) ** _TO_CODE


def _share(now: np.ndarray, before: np.ndarray, target: np.ndarray) -> np.ndarray:
    """How far to go from the codes of one luminance to those of another to meet a third, 0..1."""
    now, before, target = map(_code, (now, before, target))
    way = before - now
    way[np.abs(way) < 1e-6] = 1e-6
    return np.clip((target - now) / way, 0, 1)

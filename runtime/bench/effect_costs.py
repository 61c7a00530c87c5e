"""What each effect costs, and the flash limiter: with it and without it, in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..scaling import fit
from . import statistics
from .opened import LIVE_ONLY, Opened
from .results import rounded, spread
from .schema import Effect
from .shown_picture import Shows, reel_of
from .stage_times import StageTimes
from .turns import alternate
from .whole_frame import Film

SHARE = 0.3
"""Of the seconds of a measurement, so much goes to each effect."""

MOST_PAIRS = 60

WARMUP = 3
"""Runs of either side before the first pair: a film's first frame carries nothing yet."""


@dataclass(frozen=True)
class Trial:
    """An effect and the values that turn it on, of `Dream` or, for a shown picture, of the desk."""

    name: str
    of: Literal["frame", "picture"]
    values: dict[str, float | str]

    @property
    def live_only(self) -> bool:
        return bool({*LIVE_ONLY, "calm"} & {*self.values})


PLAIN: dict[str, float] = {
    "blur": 0, "colour": 1, "coarseness": 0, "camera": 1, "tone": 0, "detail": 0, "zoom": 1,
    "turn": 0, "drift_x": 0, "drift_y": 0, "tv": 0, "l2": 0, "smooth": 0, "clip_norm": 0,
    "clip_contribution": 0,
}  # fmt: skip
"""A dream without effects."""

BARE: dict[str, float | str] = {"calm": 0, "flash_limit": "off"}
"""A shown picture that is laid together and nothing else."""

TRIALS = (
    Trial("blur", "frame", {"blur": 0.7}),
    Trial("colour", "frame", {"colour": 0.6}),
    Trial("colour, coarseness", "frame", {"colour": 0.6, "coarseness": 1}),
    Trial("camera", "frame", {"camera": 0.5}),
    Trial("detail", "frame", {"detail": 0.5}),
    Trial("zoom, turn, drift", "frame", {"zoom": 1.2, "turn": 10, "drift_x": 0.1}),
    Trial("tv, l2", "frame", {"tv": 0.5, "l2": 0.5}),
    Trial("clip_norm", "frame", {"clip_norm": 0.3}),
    Trial("calm", "picture", {"calm": 0.5}),
    Trial("tone", "picture", {"tone": 0.5}),
    Trial("amount", "picture", {"amount": 0.7}),
    Trial("flash limiter", "picture", {"flash_limit": "standard"}),
    Trial("flash limiter, strict", "picture", {"flash_limit": "strict"}),
)


def measure_effects(
    opened: Opened, pictures: np.ndarray, box: tuple[int, int], seconds: float
) -> Iterator[Effect]:
    """Each effect that a frame or picture of this recipe has, for about `SHARE` of `seconds`.

    pictures: to dream, uint8 [n, height, width, 3] BGR. box: (width, height) that shown pictures
    fit into.
    """
    plain = replace(opened, dream=replace(opened.dream, **PLAIN))
    height, width = opened.size
    reel = reel_of(plain, fit(width, height, box))
    for trial in TRIALS:
        if trial.live_only and not opened.live:
            continue
        with ExitStack() as stack:
            common: list[float] = []
            if trial.of == "frame":
                dream = replace(plain.dream, **trial.values)  # pyright: ignore[reportArgumentType]
                without = Apart(plain, pictures, common).run
                having = Apart(replace(plain, dream=dream), pictures, common).run
            else:
                without, having = (
                    stack.enter_context(Shows(plain, reel, {**BARE, **values})).run
                    for values in ({}, trial.values)
                )
            yield in_turns(trial, without, having, seconds * SHARE, common)


class Apart:
    """Dreams frames as `Film` does; their seconds are those without the gradient, which goes to
    `gradients`: it is the same on both sides, and wavers by more than an effect costs.

    On a card, which computes behind the host, whole frames.
    """

    def __init__(self, opened: Opened, pictures: np.ndarray, gradients: list[float]) -> None:
        self._times = None if opened.engine.provider.on_card else StageTimes()
        self.film = Film(opened, pictures, self._times)
        self._gradients = gradients

    def run(self) -> float:
        """The next frame."""
        took = self.film.run()
        if self._times is None:
            return took
        self._times.finish()
        gradient = self._times.frames[0].pop()["gradient"]
        self._gradients.append(gradient)
        return took - gradient


def in_turns(
    trial: Trial,
    without: Callable[[], float],
    having: Callable[[], float],
    seconds: float,
    common: list[float],
) -> Effect:
    """Both sides of an effect, run by run for about `seconds`. common: filled by the runs with what
    took time besides on either side; its median counts as part of both."""
    for _ in range(WARMUP):
        without()
        having()
    pairs = alternate(without, having, seconds, MOST_PAIRS)
    adds = np.subtract(pairs.second, pairs.first)
    alike = float(np.median(common)) if common else 0.0
    whole = [[alike + each for each in side] for side in (pairs.first, pairs.second)]
    return Effect(
        name=trial.name,
        of=trial.of,
        values=trial.values,
        ended=pairs.ended,
        adds_ms=rounded(1e3 * float(np.median(adds))),
        ratio=spread(statistics.ratios(*whole)),
    )

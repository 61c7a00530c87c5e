"""Two things that take turns, so that what slows the machine for a while slows both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FEWEST_PAIRS = 2

TurnsEnded = Literal["pairs", "time", "interrupted"]


@dataclass(frozen=True)
class Pairs:
    """Results of both, pair by pair. ended: why there are no more."""

    first: list[float]
    second: list[float]
    ended: TurnsEnded


def alternate(
    first: Callable[[], float],
    second: Callable[[], float],
    seconds: float,
    most: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Pairs:
    """Results of two runs in turns (ab, ba, ab, ..) for about `seconds`: at least 2 pairs, at most
    `most`. Which one comes first changes, so that neither always finds the other's warm caches.

    Ctrl-C ends it with the pairs there are, and is raised again where they are fewer than 2.
    """
    results: tuple[list[float], list[float]] = ([], [])
    end = clock() + seconds
    ended: TurnsEnded = "pairs"
    try:
        while len(results[0]) < most:
            if len(results[0]) >= FEWEST_PAIRS and clock() >= end:
                ended = "time"
                break
            order = (0, 1) if len(results[0]) % 2 == 0 else (1, 0)
            pair = [0.0, 0.0]
            for which in order:
                pair[which] = (first, second)[which]()
            results[0].append(pair[0])
            results[1].append(pair[1])
    except KeyboardInterrupt:
        if len(results[1]) < FEWEST_PAIRS:
            raise
        del results[0][len(results[1]) :]
        ended = "interrupted"
    return Pairs(*results, ended)

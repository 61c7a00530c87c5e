"""Repeat a thing until its percentiles can be trusted or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .statistics import WINDOW, drift, samples_needed, steady

Ended = Literal["samples", "time", "interrupted"]

SLOWEST = 99
"""The percentile that a measurement wants enough samples for."""


MOST_DRIFT = 0.1
"""Change of the median from a measurement's beginning to its end that still counts as steady."""


@dataclass(frozen=True)
class Sampling:
    """Durations in seconds, in the order measured, without the `warmup` that came before.

    stable: warm-up ended by itself (otherwise the first half was dropped) and the level stayed.
    ended: why it stopped. seconds: that it took altogether.
    """

    samples: list[float]
    warmup: int
    stable: bool
    ended: Ended
    seconds: float


def collect(
    run: Callable[[], float],
    seconds: float,
    *,
    needed: int = samples_needed(SLOWEST),
    clock: Callable[[], float] = time.perf_counter,
) -> Sampling:
    """Call `run`, which returns its own duration in seconds, for at most `seconds`.

    Stops early with `needed` samples after warm-up. It runs at least twice, and Ctrl-C ends it
    with what there is: look at `ended`, or raise with nothing measured yet.
    """
    samples: list[float] = []
    warmup: int | None = None
    start = clock()
    ended: Ended = "time"
    try:
        while len(samples) < 2 or clock() - start < seconds:
            samples.append(run())
            if warmup is None:
                # Only the newest windows can have become steady: older ones were looked at.
                warmup = steady_end(samples)
            if warmup is not None and len(samples) - warmup >= needed:
                ended = "samples"
                break
    except KeyboardInterrupt:
        if not samples:
            raise
        ended = "interrupted"
    return cut(samples, warmup, ended, clock() - start)


def steady_end(samples: list[float]) -> int | None:
    """`statistics.steady` of the newest samples: the only ones that can newly say so."""
    start = max(0, len(samples) - 2 * WINDOW)
    found = steady(samples[start:])
    return None if found is None else start + found


def cut(samples: list[float], warmup: int | None, ended: Ended, seconds: float) -> Sampling:
    """`samples` without warm-up; the first half where it never ended."""
    dropped = len(samples) // 2 if warmup is None else warmup
    kept = samples[dropped:]
    stable = warmup is not None and drift(kept) <= MOST_DRIFT
    return Sampling(kept, dropped, stable, ended, seconds)

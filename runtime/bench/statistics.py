"""What many durations say: percentiles, when warm-up is over, how many samples are enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PERCENTILES = (50, 90, 95, 99)

MISS = 0.0013
"""Accepted chance that no sample at all lies above a percentile. It gives the sample counts of
MLPerf Inference's early stopping: 64 for the 90th percentile, 662 for the 99th."""

WINDOW = 5
"""Samples whose median is compared with the next so many, to see whether warm-up is over."""

TOLERANCE = 0.05
"""Relative difference of two such medians that counts as none."""

CURVE_POINTS = 41


def samples_needed(percentile: float) -> int:
    """Samples without which `percentile`, 0..100 exclusive, is a guess."""
    if not 0 < percentile < 100:
        raise ValueError(f"{percentile} is no percentile between 0 and 100")
    return math.ceil(math.log(MISS) / math.log(percentile / 100))


def enough_for(count: int) -> list[int]:
    """The percentiles among `PERCENTILES` that `count` samples are enough for."""
    return [p for p in PERCENTILES if count >= samples_needed(p)]


def percentile(samples: Sequence[float], p: float) -> float:
    """The smallest sample that at least `p` percent of `samples` do not exceed (nearest rank)."""
    return float(np.percentile(np.asarray(samples, float), p, method="inverted_cdf"))


def curve(samples: Sequence[float], points: int = CURVE_POINTS) -> list[float]:
    """The samples' distribution: `points` percentiles from the smallest (0) to the largest (100),
    equally spaced."""
    values = np.percentile(np.asarray(samples, float), np.linspace(0, 100, points))
    return [float(value) for value in values]


def steady(
    samples: Sequence[float], window: int = WINDOW, tolerance: float = TOLERANCE
) -> int | None:
    """How many leading samples are warm-up; None while that cannot be said yet.

    Steady from the first sample whose window has the median of the window after it, within
    `tolerance`, and which is not itself the slowest of both: one slow start is warm-up too.
    """
    for first in range(len(samples) - 2 * window + 1):
        now = samples[first : first + window]
        then = samples[first + window : first + 2 * window]
        level = float(np.median(then))
        if abs(float(np.median(now)) - level) > tolerance * level:
            continue
        if samples[first] <= max(*now[1:], *then):
            return first
    return None


def drift(samples: Sequence[float]) -> float:
    """Relative change of the median from the first third of `samples` to the last, without sign;
    0 where there are fewer than nine."""
    third = len(samples) // 3
    if third < 3:
        return 0.0
    first, last = float(np.median(samples[:third])), float(np.median(samples[-third:]))
    return abs(last - first) / first


SURE = 0.95
"""How often an interval around a median shall hold the true one."""

FEWEST_FOR_BOUNDS = 6
"""Samples without which no interval is that sure: five are all on one side once in 16 times."""


@dataclass(frozen=True)
class Spread:
    """Ratios of many pairs: their number, median, and 10th and 90th percentile; and between which
    bounds the true median lies (see `median_bounds`)."""

    count: int
    median: float
    low: float
    high: float
    sure_low: float
    sure_high: float


def median_bounds(samples: Sequence[float]) -> tuple[float, float]:
    """Between which two samples the median of what they were drawn from lies, 95 times of 100.

    By the sign test: whatever the distribution, a sample is as often above the true median as
    below it. With fewer than `FEWEST_FOR_BOUNDS` samples, which cannot say it, the whole range.
    """
    ordered = sorted(samples)
    count = len(ordered)
    outside, tail = 0, 0.5**count
    # `outside` samples on either side may be left out while that is sure enough.
    while 2 * (tail + math.comb(count, outside + 1) * 0.5**count) <= 1 - SURE:
        outside += 1
        tail += math.comb(count, outside) * 0.5**count
    return ordered[outside], ordered[count - 1 - outside]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """theirs / ours, pair by pair: above 1 where ours is faster.

    Each pair was measured in turns, so that what slows the machine for a while slows both. Raises
    ValueError without a pair, or where the two do not pair up.
    """
    if not ours or len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} and {len(theirs)} measurements do not make pairs")
    each = [their / our for our, their in zip(ours, theirs, strict=True)]
    median = float(np.median(each))
    return Spread(
        len(each), median, percentile(each, 10), percentile(each, 90), *median_bounds(each)
    )


def jitter(intervals: Sequence[float]) -> float:
    """Mean difference between an interval and the next, in their unit; 0 for fewer than two."""
    return float(np.abs(np.diff(np.asarray(intervals, float))).mean()) if len(intervals) > 1 else 0

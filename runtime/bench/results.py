"""From durations in seconds to what the report holds, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import statistics
from .sampling import Sampling
from .schema import Distribution, Measure, Spread

DIGITS = 5
"""Significant digits of a millisecond figure; clocks and machines give no more."""


def distribution(seconds: Sequence[float], raw: bool = False) -> Distribution:
    """Of at least one duration."""
    return Distribution.model_validate(_facts(seconds, raw))


def measured(sampling: Sampling, raw: bool = False) -> Measure:
    """A measurement's distribution and how it went."""
    return Measure.model_validate(
        {
            **_facts(sampling.samples, raw),
            "warmup": sampling.warmup,
            "stable": sampling.stable,
            "ended": sampling.ended,
            "seconds": rounded(sampling.seconds),
        }
    )


def spread(pairs: statistics.Spread) -> Spread:
    """As the report holds it."""
    return Spread(
        count=pairs.count,
        median=rounded(pairs.median),
        low=rounded(pairs.low),
        high=rounded(pairs.high),
        sure_low=rounded(pairs.sure_low),
        sure_high=rounded(pairs.sure_high),
    )


def _facts(seconds: Sequence[float], raw: bool) -> dict[str, object]:
    values = np.asarray(seconds, float) * 1000
    listed = list(values)
    facts: dict[str, object] = {
        f"p{p}": rounded(statistics.percentile(listed, p)) for p in statistics.PERCENTILES
    }
    return {
        **facts,
        "count": len(listed),
        "mean": rounded(float(values.mean())),
        "max": rounded(float(values.max())),
        "enough": statistics.enough_for(len(listed)),
        "curve": [rounded(value) for value in statistics.curve(listed)],
        "raw": [rounded(value) for value in listed] if raw else None,
    }


def rounded(value: float) -> float:
    """To `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")

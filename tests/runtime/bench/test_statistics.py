"""Percentiles, warm-up, sample counts, ratios."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.bench import statistics as st


def test_sample_counts_are_mlperf_s():
    assert [st.samples_needed(p) for p in (90, 99)] == [64, 662]
    assert st.enough_for(63) == [50]
    assert st.enough_for(64) == [50, 90]
    assert st.enough_for(662) == [50, 90, 95, 99]
    with pytest.raises(ValueError, match="percentile"):
        st.samples_needed(100)


def test_too_few_samples_would_miss_the_percentile_too_often():
    """What the counts promise: hardly ever are all samples below the true percentile."""
    rng = np.random.default_rng(0)
    for p in (50, 90):
        drawn = rng.random((20_000, st.samples_needed(p)))
        assert (drawn.max(axis=1) < p / 100).mean() < 0.003
        fewer = rng.random((20_000, st.samples_needed(p) // 2))
        assert (fewer.max(axis=1) < p / 100).mean() > 0.01


def test_percentiles_are_nearest_rank():
    samples = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [st.percentile(samples, p) for p in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]
    assert st.percentile(list(range(1, 101)), 99) == 99
    curve = st.curve([3.0, 1.0, 2.0], 5)
    assert curve == [1.0, 1.5, 2.0, 2.5, 3.0]


@pytest.mark.parametrize("slow", [[], [9.0], [9.0, 5.0, 3.0, 2.0], [9.0] * 4])
def test_warm_up_is_what_came_before_it_was_steady(slow):
    samples = [*slow, *[1.0] * 30]
    found = st.steady(samples)
    assert found is not None
    kept = samples[found:]
    assert np.median(kept[:5]) == 1.0
    # One slow sample at the edge of a window may stay, the slow start may not.
    assert sum(sample > 1 for sample in kept) <= 2
    assert len(samples) - found >= 28


def test_one_slow_start_is_warm_up_too():
    assert st.steady([50.0, *[1.0] * 20]) == 1


def test_noise_is_no_warm_up():
    rng = np.random.default_rng(1)
    found = [st.steady(list(1 + 0.1 * rng.random(200))) for _ in range(20)]
    assert all(first is not None and first < 20 for first in found)


def test_it_is_not_called_steady_while_it_falls():
    assert st.steady([1000 * 0.9**n for n in range(40)]) is None
    assert st.steady([1.0] * 9) is None
    assert st.steady([1.0] * 10) == 0


def test_drift_is_a_level_that_changed():
    assert st.drift([1.0, 5.0, 1.0] * 10) == 0
    assert st.drift([2.0] * 12 + [1.0] * 12) == 0.5
    assert st.drift([1.0, 9.0]) == 0


def test_ratios_are_of_pairs_and_not_of_means():
    ours, theirs = [1.0, 10.0, 1.0], [2.0, 20.0, 2.0]
    spread = st.ratios(ours, theirs)
    assert (spread.count, spread.median, spread.low, spread.high) == (3, 2.0, 2.0, 2.0)
    # The same numbers out of turn say nothing: one pair is ten times off.
    assert st.ratios(ours, [20.0, 2.0, 2.0]).high == 20.0
    with pytest.raises(ValueError, match="pairs"):
        st.ratios([1.0], [])


def test_bounds_of_a_median_are_those_of_the_sign_test():
    """Against published tables of the distribution-free interval at 95 %."""
    for count, (low, high) in {9: (2, 8), 15: (4, 12), 20: (6, 15), 100: (40, 61)}.items():
        assert st.median_bounds(range(1, count + 1)) == (low, high)
    assert st.median_bounds([3.0, 1.0, 2.0]) == (1.0, 3.0)


def test_bounds_of_a_median_hold_it_as_often_as_they_say():
    """Also where it is seldom but hugely disturbed, as on a busy machine."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(1000):
        drawn = rng.normal(1.0, 0.05, 60) * np.where(rng.random(60) < 0.1, 5.0, 1.0)
        # A tenth is far above: the true median is that of the normal's 55.6th percentile.
        low, high = st.median_bounds(drawn.tolist())
        held += low <= 1.0 + 0.05 * 0.1397 <= high
    assert held > 930


def test_jitter_is_the_change_between_intervals():
    assert st.jitter([33.0, 33.0, 33.0]) == 0
    assert st.jitter([30.0, 36.0, 30.0]) == 6
    assert st.jitter([30.0]) == 0

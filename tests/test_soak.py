"""A short slice of `python -m tests.soak`, and that it would notice."""

from __future__ import annotations

import math
import random
import sys

import numpy as np
import pytest

pytest.importorskip("pythonosc")
pytest.importorskip("onnxruntime")

from .soak import __main__ as soak
from .soak import looks
from .soak.faults import FAULTS
from .soak.slopes import interval, theil_sen
from .soak.watch import MOST, Flashes, signals

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_a_short_slice_survives_its_faults(monkeypatch):
    monkeypatch.setattr(soak, "SOON", (10, 30))
    monkeypatch.setattr(soak, "WILD", 10)
    monkeypatch.setattr(soak, "RECOVERY", 60)  # Of a machine that may be busy with other tests.
    monkeypatch.setattr(soak, "MORE", 10)  # So short, something may still be opening.
    found = soak.run(0.15, seed=2, port=random.randrange(20000, 30000, 3))
    assert found["failures"] == []
    assert sum(found["faults"].values()) >= 1
    assert found["pictures"] > 50
    assert found["gradients"] > 10


def test_no_look_flashes_at_its_wildest():
    count, pictures, most = looks.play(0.1, random.randrange(20000, 30000, 3), None, least=4)
    assert count == 16
    assert pictures > 16 * 2 * 4
    assert most <= MOST


def test_the_list_of_faults_is_that_of_the_rules():
    assert len(FAULTS) == 16


def test_flashes_are_counted_as_they_are_shown():
    light, dark = np.full((90, 160, 3), 200, np.uint8), np.full((90, 160, 3), 20, np.uint8)
    for hertz, most in ((2, 4), (3, 6)):
        flashes = Flashes()
        found = [
            flashes.see(dark if int(time * hertz * 2) % 2 else light, time)
            for time in np.arange(0, 3, 1 / 60)
        ]
        assert max(found) in (most, most - 1 if most > MOST else most)
        assert (max(found) > MOST) == (hertz > 2)


def test_the_watch_measures_what_the_oracle_does():
    from .runtime.safety import oracle

    picture = np.random.default_rng(0).integers(0, 256, (97, 161, 3), np.uint8)
    exact = [oracle.signals(picture, grid).reshape(2, -1) for grid in ((32, 18), (1, 1))]
    np.testing.assert_allclose(signals(picture), np.concatenate(exact, axis=1), atol=1e-6)


def test_a_slope_is_found_between_jumps():
    random = np.random.default_rng(0)
    x = np.arange(400.0)
    y = 3 * x + random.normal(0, 20, 400) + 5000 * (random.random(400) < 0.02)
    assert theil_sen(x, y) == pytest.approx(3, abs=0.1)
    low, high = interval(x, y)
    assert low < 3.1
    assert high > 2.9
    grown = soak.growth(
        [{"pictures": 1000 * n, "kB": 50 * n, **dict.fromkeys(soak.OPEN, 5)} for n in range(200)]
    )
    assert grown["slope"] == 50
    assert grown["interval"][0] > soak.SLOPE
    assert grown["course"][:2] == [100, 350]


def test_memory_is_judged_once_each_fault_has_come():
    """What a fault loads and lays out the first time is there then."""
    samples = [
        {"pictures": 1000 * n, "kB": 50 * min(n, 60), **dict.fromkeys(soak.OPEN, 5)}
        for n in range(200)
    ]
    assert soak.growth(samples)["slope"] == 0  # Most of it does not grow.
    assert soak.growth(samples)["kB"] == [1000, 3000]
    assert soak.growth(samples, 60_000)["kB"] == [3000, 3000]
    assert "slope" not in soak.growth(samples, math.inf)

"""Flashes are eased in the small residual, and what is left of them is the limiter's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.frame import Frame
from livedream.runtime.live import presenter as presenting
from livedream.runtime.live.composition import NONE, compose
from livedream.runtime.live.easing import Easing
from livedream.runtime.live.loop import Dreamt
from livedream.runtime.live.presenter import Presenter
from livedream.runtime.safety.meter import Meter
from livedream.runtime.safety.pixels import Processor
from livedream.runtime.safety.processors import processor
from livedream.runtime.slot import Slot
from livedream.runtime.stats import Stats

from ..safety.checking import worst

SMALL = (48, 32)
CELLS = 160 * 90 + 32 * 18 + 1


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(6)


def soft(random: np.random.Generator, low: int, high: int) -> np.ndarray:
    return cv2.resize(random.integers(low, high, (4, 6, 3), np.uint8), SMALL)


@pytest.mark.parametrize("amount", [1.0, 0.6])
def test_a_picture_of_an_eased_residual_is_as_bright_as_one_that_was_pulled(random, amount):
    camera, residual = soft(random, 90, 160), soft(random, 110, 150)
    shown = cv2.resize(soft(random, 90, 160), (96, 64))
    weights = random.random(CELLS).astype(np.float32)
    eased = Easing().eased(camera, residual, amount, 1.0, shown, lambda cells: weights)
    assert eased is not None
    before = cv2.resize(shown, SMALL, interpolation=cv2.INTER_AREA)
    pulled = Processor().mixed(compose(camera, residual, amount), before, weights)
    made = compose(camera, eased, amount)
    assert np.abs(Meter().measure(made) - Meter().measure(pulled)).max() < 0.01


def test_a_calm_picture_needs_nothing_and_its_cells_are_told(random):
    camera = soft(random, 90, 160)
    told = []
    none = np.full((32, 48, 3), NONE, np.uint8)
    assert Easing().eased(camera, none, 1.0, 1.0, camera, told.append) is None
    np.testing.assert_allclose(told[0], Meter().measure(camera), atol=3e-4)


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


@pytest.mark.parametrize("mode", ["strict", "standard"])
def test_large_pictures_of_dreams_that_flash_are_limited_and_seldom_pulled_whole(
    random, mode, monkeypatch
):
    clock, pulled = Clock(), []
    monkeypatch.setattr(presenting, "time", clock)
    kind = type(processor())
    whole = kind.pulled
    monkeypatch.setattr(kind, "pulled", lambda *given: (pulled.append(clock.now), whole(*given))[1])
    desk = Desk({"block": 1}, {"layers": "block", "flash_limit": mode, "calm": 0})
    presenter = Presenter(Slot(), Slot(), desk, Stats())
    camera = soft(random, 100, 140)
    large, shown = cv2.resize(camera, (96, 64)), []
    for index in range(75):
        clock.now = index / 30
        frame = Frame(large, clock.now, index)
        dream = cv2.add(camera, np.full_like(camera, 45 * (index // 3 % 2)))
        fresh = Dreamt(camera, dream, clock.now, {"camera": 1.0}, frame)
        made = presenter._made(fresh, frame)
        assert made
        shown.append(made.dream)
    assert worst(shown, [index / 30 for index in range(75)]) <= 4
    assert len(pulled) < 10

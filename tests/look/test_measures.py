"""The measures on pictures of which the answer is known, and the live recipe on a toy network."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.control.parameters import Show
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream

from ..runtime.toy import ToyEngine
from . import measures
from .pictures import pan, scene

SIZE = (160, 120)
LIVE = RECIPES["live"].dream


def make(dream: Dream) -> Dreamer:
    return Dreamer(CpuDevice(), ToyEngine(), dream, seed=1)


def respond(image: np.ndarray) -> float:
    """What the toy's gradient climbs."""
    response = ToyEngine().respond(image - np.float32(0.5), 1)[:, ::2, ::2]
    return float((response**2).sum() / 2)


@pytest.fixture(scope="module")
def still() -> np.ndarray:
    return scene(SIZE)


@pytest.fixture(scope="module")
def moving() -> list[np.ndarray]:
    return pan(SIZE, 16)


def test_colour_noise_of_grey_is_nothing_and_of_free_colours_much(still):
    random = np.random.default_rng(3)
    grey = random.integers(-20, 20, (*still.shape[:2], 1))
    free = random.integers(-20, 20, still.shape)
    middle = np.full_like(still, 128)
    assert measures.colour_noise((128 + grey.repeat(3, 2)).astype(np.uint8), middle) < 0.02
    assert measures.colour_noise((128 + free).astype(np.uint8), middle) > 0.5


def test_what_is_painted_on_the_scene_is_steady_and_what_is_new_each_time_is_not(moving):
    random = np.random.default_rng(5)
    painted = [each.astype(np.float32) - each.mean() for each in moving]
    fresh = [random.standard_normal(each.shape).astype(np.float32) * 20 for each in moving]
    glued = [fresh[0]] * len(moving)
    flicker, stick = measures.steadiness(moving, painted)
    assert flicker < 0.15
    assert stick > 0.97
    flicker, stick = measures.steadiness(moving, fresh)
    assert flicker > 0.8
    assert stick < 0.1
    flicker, stick = measures.steadiness(moving, glued)
    assert flicker > 0.5
    assert stick < 0.5


def test_balance_calms_colour_and_the_dream_still_climbs(still):
    noise, climb = measures.colour_and_climb(make, LIVE, [still], respond, 8)
    assert noise < 0.8
    assert climb > 0


def test_a_live_dream_is_steadier_than_frames_by_themselves_and_calm_makes_it_more_so(moving):
    apart, _ = measures.steadiness(moving, measures.alone(make(LIVE), moving))
    flickers = [
        measures.steadiness(moving[4:], measures.residuals(make(LIVE), moving, calm)[4:])[0]
        for calm in (0, Show.calm)
    ]
    assert flickers[1] < 0.95 * flickers[0]
    assert flickers[1] < apart


def test_a_slow_dream_is_carried_between(moving):
    flicker, stick = measures.steadiness(
        moving[8:], measures.residuals(make(LIVE), moving, Show.calm, every=4)[8:]
    )
    assert stick > 0.7
    assert flicker < 0.5


def test_no_ghost_stays_after_a_cut(still):
    assert measures.ghost(make, LIVE, still, 255 - still, 10) == pytest.approx(0, abs=0.02)


def test_it_is_as_strong_after_a_second_at_any_rate(still):
    shares = measures.strengths(make, LIVE, still)
    assert set(shares) == set(measures.RATES)
    assert min(shares.values()) > 0.5
    assert max(shares.values()) - min(shares.values()) < 0.3


class Fading:
    """A dream that gets darker from frame to frame, under a flicker that does not last."""

    def __init__(self, flicker: float) -> None:
        self.index, self.flicker = 0, flicker

    def live(self, picture: np.ndarray, time: float) -> np.ndarray:
        self.index += 1
        light = 0.8 - 0.01 * self.index + self.flicker * (-1) ** self.index
        return (picture * light).astype(np.uint8)


@pytest.mark.parametrize("flicker", [0, 0.1])
def test_drift_tells_what_changed_and_not_what_flickers(still, flicker):
    dreamer = Fading(flicker)
    changes = measures.drift(dreamer, still, 16, settled=4, over=4)  # pyright: ignore[reportArgumentType]
    assert changes["brightness"] == pytest.approx(0.1 / 0.755, abs=0.02)  # Ten frames later.
    assert changes["contrast"] == pytest.approx(0.1 / 0.755, abs=0.02)
    assert changes["clipped"] < 0.05

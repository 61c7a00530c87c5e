from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.octaves import octave_sizes
from livedream.runtime.dream.pace import pace
from livedream.runtime.dream.values import Dream

from ..notebook import dream as notebook_dream
from ..toy import ToyEngine

GOOGLE = RECIPES["google"].dream


def picture(height: int = 60, width: int = 84, seed: int = 0) -> np.ndarray:
    """Smooth random colours, uint8 BGR."""
    coarse = np.random.default_rng(seed).integers(40, 216, (6, 8, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((height // 6 + 1, width // 8 + 1, 1), np.uint8))[:height, :width]


def dreamer(dream: Dream, seed: int = 0) -> Dreamer:
    return Dreamer(CpuDevice(), ToyEngine(), dream, seed=seed)


def test_octaves_are_the_notebooks():
    assert octave_sizes(480, 640, 4, 1.4, 32) == [(175, 233), (245, 326), (343, 457), (480, 640)]


def test_octaves_stop_at_the_networks_minimum():
    assert octave_sizes(100, 200, 4, 1.4, 60) == [(71, 143), (100, 200)]
    assert octave_sizes(40, 40, 4, 1.4, 60) == [(40, 40)]


@pytest.mark.parametrize("jitter", [0, 5, 32])
def test_google_is_the_notebook(jitter):
    """Same image within rounding, of the independent implementation and ours, under the same
    shifts. The toy's gradient depends on where things are, as a strided network's does."""
    bgr = picture()
    ours = dreamer(replace(GOOGLE, jitter=jitter), seed=3).still(bgr)
    toy = ToyEngine()
    planar = bgr[:, :, ::-1].transpose(2, 0, 1)
    expected = notebook_dream(
        planar,
        lambda levels: toy.gradient(levels / 255),
        jitter=jitter,
        random=np.random.default_rng(3),
    )
    expected = np.rint(expected).astype(np.uint8)[::-1].transpose(1, 2, 0)
    assert np.abs(ours.astype(int) - expected).max() <= 1
    assert np.abs(ours.astype(int) - bgr).mean() > 5


def test_jitter_is_repeatable_by_seed():
    bgr = picture()
    first, again, other = (dreamer(GOOGLE, seed).still(bgr) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


LIVE = Dream(octaves=2, steps=1, step_size=1, jitter=4, half_life=1, strength=20)


def changes(live: Dreamer, frames: list[np.ndarray], rate: float = 25) -> list[float]:
    """Mean |dream - camera| of each frame, in levels."""
    return [
        float(np.abs(live.live(frame, index / rate).astype(int) - frame).mean())
        for index, frame in enumerate(frames)
    ]


def test_live_builds_up_to_its_strength_and_holds_it():
    amounts = changes(dreamer(LIVE), [picture()] * 60)
    assert amounts[0] < amounts[4] < amounts[8]
    assert amounts[0] < 4
    assert amounts[30] == pytest.approx(20, abs=2)
    assert amounts[-1] == pytest.approx(20, abs=2)


def test_live_strength_does_not_depend_on_the_frame_rate():
    slow = changes(dreamer(LIVE), [picture()] * 40, rate=20)[-1]
    fast = changes(dreamer(LIVE), [picture()] * 40, rate=120)[-1]
    assert slow == pytest.approx(fast, rel=0.1)


def test_the_camera_is_dreamt_at_the_contrast_that_is_said():
    pale = dreamer(replace(LIVE, step_size=0, camera=0.25)).live(picture(), 0.0)
    np.testing.assert_allclose(pale.astype(int), 0.25 * picture() + 0.75 * 118, atol=1)


def test_detail_moves_the_steps_from_small_octaves_to_large_ones():
    assert replace(LIVE, detail=1).stresses(3) == pytest.approx([0.5, 1, 2])
    assert LIVE.stresses(4) == [1] * 4
    assert replace(LIVE, detail=-1).stresses(1) == [1]


def test_a_carried_dream_grows_about_the_centre():
    """A dream of one bright spot, held by no further steps."""
    live = dreamer(replace(LIVE, strength=0, half_life=60))
    changes(live, [picture()] * 10)
    live.dream = replace(live.dream, step_size=0, zoom=2)
    ring = np.zeros((3, 60, 84), np.float32)
    ring[:, 20:40, 28:56] = 0.1
    live._residual = ring
    for index in range(11, 36):
        after = live.live(picture(), index / 25)
    change = np.abs(after.astype(int) - picture()).mean(2)
    assert change[14:46, 16:68].min() > 10, "twice as wide and high after a second"
    assert change[:, :8].max() < 5


@pytest.mark.parametrize("name", ["step_size", "blur", "colour", "strength"])
def test_what_is_said_while_a_gradient_is_computed_holds_for_its_step(name):
    """The gradient is what takes time."""
    begun = replace(RECIPES["live"].dream, octaves=1)
    said = replace(begun, **{name: 1.5 if name == "colour" else 2.0})
    shape = picture()
    late, early = dreamer(begun), dreamer(said)
    late.latest = lambda: said
    assert np.array_equal(late.live(shape, 0), early.live(shape, 0))
    assert not np.array_equal(dreamer(begun).live(shape, 0), early.live(shape, 0))


def test_live_lets_go_at_a_cut():
    amounts = changes(dreamer(LIVE), [picture()] * 30 + [255 - picture(seed=5)] * 2)
    assert amounts[29] > 15
    assert amounts[30] < 4


def test_live_starts_anew_after_a_long_gap():
    live = dreamer(LIVE)
    changes(live, [picture()] * 30)
    later = live.live(picture(), 60.0)
    assert np.abs(later.astype(int) - picture()).mean() < 4


def test_live_goes_on_as_strong_at_another_size_of_the_same_picture():
    large = cv2.resize(picture(), (336, 240), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(large, (252, 180), interpolation=cv2.INTER_AREA)
    live = dreamer(replace(LIVE, coarseness=1))
    before = changes(live, [large] * 40)[-1]
    after = [
        np.abs(live.live(small, 1.6 + index / 25).astype(int) - small).mean() for index in (0, 1)
    ]
    assert after == pytest.approx([before] * 2, rel=0.25)
    assert live.live(picture(48, 64), 1.8).shape == (48, 64, 3)


def test_octaves_in_turn_cost_one_gradient_a_frame_and_grow_alike():
    amounts = {}
    for in_turn in (False, True):
        live = Dreamer(CpuDevice(), Wavering(), replace(LIVE, octaves=3, step_size=0.3))
        live.in_turn = in_turn
        amounts[in_turn] = changes(live, [picture()] * 12)[-1]
        sizes = [octave for octave, _ in live._turns(live.sizes(60, 84))]
        assert len(sizes) == (1 if in_turn else 3)
    assert amounts[True] == pytest.approx(amounts[False], rel=0.35)
    seen = {live._turns(live.sizes(60, 84))[0][0] for _ in range(3)}
    assert seen == set(live.sizes(60, 84))


@pytest.mark.parametrize(
    ("rate", "share"), [(25, 0.5**0.5), (100, 0.5 ** (0.5 / 0.7)), (6.25, 0.5**0.25)]
)
def test_half_life_is_in_seconds_at_25_frames_and_slower_for_slower_dreams(rate, share):
    still = replace(LIVE, step_size=0.0, strength=0.0)
    live = dreamer(LIVE)
    start = changes(live, [picture()] * 20)[-1]
    live.dream = still
    for index in range(round(0.5 * rate)):
        after = live.live(picture(), 19 / 25 + (index + 1) / rate)
    assert np.abs(after.astype(int) - picture()).mean() / start == pytest.approx(share, rel=0.06)


class Wavering(ToyEngine):
    """Its gradient is one picture, and as much noise again: that of a network under jitter."""

    def __init__(self) -> None:
        super().__init__()
        self._random = np.random.default_rng(2)

    def gradient(self, image: np.ndarray) -> np.ndarray:
        steady = np.random.default_rng(1).standard_normal(image.shape, np.float32)
        return steady + self._random.standard_normal(image.shape, np.float32)


def test_a_dream_grows_alike_at_any_rate_and_is_there_within_a_second():
    dream = replace(RECIPES["live"].dream, octaves=1, jitter=0, blur=0, coarseness=0, colour=1)
    shares = []
    for rate in (6, 12, 25, 60):
        live = Dreamer(CpuDevice(), Wavering(), dream)
        amounts = changes(live, [picture()] * (4 * rate), rate)
        shares.append(amounts[rate - 1] / dream.strength)
        assert amounts[-1] == pytest.approx(dream.strength, rel=0.12)
    assert min(shares) > 0.8
    assert max(shares) - min(shares) < 0.15


def test_pace_is_that_of_25_frames_a_second_and_knows_its_bounds():
    assert pace(1 / 25) == pytest.approx(1)
    assert pace(4 / 25) == pytest.approx(2)
    assert pace(1 / 1000) == 0.7
    assert pace(1.9) == 2.5
    assert [pace(gap) for gap in (0.0, -1.0, 2.1, 1e9)] == [1.0] * 4


def test_a_long_dream_drifts_neither_dark_nor_bright():
    live = dreamer(LIVE)
    frame = picture()
    for index in range(600):
        out = live.live(frame, index / 25)
    assert abs(out.astype(float).mean() - frame.mean()) < 12
    assert out.astype(float).std() < 3 * frame.std()


LEFT = np.repeat(np.linspace(1, 0, 3, dtype=np.float32) > 0.6, 4)[None].astype(np.float32)
"""A mask of the left third."""


def sides(dream: np.ndarray, bgr: np.ndarray) -> tuple[float, float]:
    """Mean |dream - camera| well inside the left third and well outside of it."""
    change = np.abs(dream.astype(int) - bgr)
    return float(change[:, :22].mean()), float(change[:, 36:].mean())


@pytest.mark.parametrize("recipe", ["still", "live"])
def test_a_mask_holds_the_dream_inside_as_strong_as_without_one(recipe):
    bgr = picture()

    def dreamt(mask: np.ndarray | None) -> np.ndarray:
        made = dreamer(GOOGLE if recipe == "still" else LIVE)
        made.mask = mask
        if recipe == "still":
            return made.still(bgr)
        return [made.live(bgr, index / 25) for index in range(40)][-1]

    inside, outside = sides(dreamt(LEFT), bgr)
    whole, _ = sides(dreamt(None), bgr)
    assert outside == 0
    assert inside == pytest.approx(whole, rel=0.35)
    assert np.array_equal(dreamt(np.ones((3, 4), np.float32)), dreamt(None))
    assert np.array_equal(dreamt(np.zeros((3, 4), np.float32)), bgr)


def test_what_leaves_the_mask_is_let_go_of():
    bgr, made = picture(), dreamer(LIVE)
    for index in range(20):
        made.live(bgr, index / 25)
    made.mask = LEFT
    inside, outside = sides(made.live(bgr, 20 / 25), bgr)
    assert outside == 0
    assert inside > 3


def test_at_a_soft_edge_the_dream_does_not_wear_away():
    bgr = picture()
    whole, soft = dreamer(LIVE), dreamer(LIVE)
    soft.mask = np.full((3, 4), 0.5, np.float32)
    for index in range(60):
        first, second = (each.live(bgr, index / 25) for each in (whole, soft))
    changes = [np.abs(each.astype(int) - bgr).mean() for each in (first, second)]
    assert changes[1] > 0.4 * changes[0]

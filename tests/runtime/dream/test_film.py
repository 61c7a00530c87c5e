"""Clips: steadier than anything that dreams frame by frame, from their first frame on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.film import FilmDreamer, FineTracker
from livedream.runtime.dream.pace import RATE
from tests.look.measures import steadiness
from tests.look.pictures import pan

from ..toy import ToyEngine

SIZE = 96, 72
FILM = replace(RECIPES["film"].dream, octaves=2, jitter=4)


def film() -> FilmDreamer:
    return FilmDreamer(CpuDevice(), ToyEngine(), FILM, seed=1)


def laid(dreamt, frames) -> list[np.ndarray]:
    return [np.asarray(a).astype(np.float32) - b for a, b in zip(dreamt, frames, strict=True)]


def strength(residual: np.ndarray) -> float:
    return float(np.abs(residual).mean())


def test_it_flickers_less_than_the_peers_ways():
    frames = pan(SIZE, 8)
    still = Dreamer(CpuDevice(), ToyEngine(), replace(RECIPES["google"].dream, octaves=2), seed=1)
    blend = [still.still(frames[0])]
    for frame in frames[1:]:
        blend.append(still.still(np.uint8((frame.astype(np.uint16) + blend[-1] + 1) // 2)))
    dreamer = film()
    ways = {
        "film": [dreamer.live(frame, n / 25) for n, frame in enumerate(frames)],
        "alone": [still.still(frame) for frame in frames],
        "blend": blend,
    }
    flicker = {name: steadiness(frames, laid(way, frames))[0] for name, way in ways.items()}
    assert flicker["film"] < 0.5 * min(flicker["alone"], flicker["blend"])


def test_a_shot_begins_as_strong_as_it_goes_on_and_without_the_last_one():
    dreamer = film()
    first = pan(SIZE, 4)
    before = laid([dreamer.live(frame, n / 25) for n, frame in enumerate(first)], first)
    assert strength(before[0]) == pytest.approx(strength(before[-1]), rel=0.25)
    other = np.random.default_rng(3).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    other = np.ascontiguousarray(other.repeat(12, 0).repeat(12, 1))
    (after,) = laid([dreamer.live(other, 4 / 25)], [other])
    assert strength(after) == pytest.approx(strength(before[-1]), rel=0.5)
    (alone,) = laid([film().live(other, 0)], [other])
    # What of the last shot shows in it is no more than chance.
    ghost = np.corrcoef(after.ravel(), before[-1].ravel())[0, 1]
    chance = np.corrcoef(alone.ravel(), before[-1].ravel())[0, 1]
    assert abs(ghost - chance) < 0.1


def test_after_a_reset_a_shot_begins_as_the_first_one_did():
    dreamer, alone = (
        FilmDreamer(CpuDevice(), ToyEngine(), replace(FILM, jitter=0)) for _ in range(2)
    )
    frames = pan(SIZE, 5)  # No cut between them.
    for number, frame in enumerate(frames[:3]):
        unlike = dreamer.live(frame, number / RATE)
    dreamer.reset()
    for number, frame in enumerate(frames[2:], 3):
        dreamt = dreamer.live(frame, number / RATE)
        assert np.array_equal(dreamt, alone.live(frame, number / RATE))
        assert number > 3 or not np.array_equal(dreamt, unlike)


def test_the_flow_is_computed_at_full_size():
    tracker = FineTracker()
    frames = pan((320, 240), 2, speed=3.0)
    assert tracker.track(frames[0]) is None
    motion = tracker.track(frames[1])
    assert motion is not None
    assert motion.keep.shape == (240, 320)
    inner = motion.flow[:, 60:-60, 60:-60]
    assert np.median(inner[0]) == pytest.approx(3, abs=0.2)
    assert np.median(inner[1]) == pytest.approx(1, abs=0.2)


def test_between_two_shots_there_is_no_motion():
    tracker = FineTracker()
    first, second = pan((160, 120), 2)
    other = np.ascontiguousarray(first[:, ::-1])  # Between these the fine flow finds a way.
    assert tracker.track(first) is None
    assert tracker.track(second) is not None
    assert tracker.track(other) is None
    assert tracker.track(other) is not None
    tracker.reset()
    assert tracker.track(other) is None


def test_it_dreams_no_stronger_than_its_limit():
    dreamer = film()
    frames = pan(SIZE, 6)
    for residual in laid([dreamer.live(frame, n / 25) for n, frame in enumerate(frames)], frames):
        assert strength(residual) <= FILM.strength + 0.5

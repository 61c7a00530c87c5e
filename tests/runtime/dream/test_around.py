"""Panoramas: nothing betrays where their left and right side meet, and the poles are round."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.around import AroundDevice, AroundDreamer, AroundTracker
from livedream.runtime.dream.sphere import NONE, WHOLE, Pole
from livedream.runtime.offline.panorama import carried, eyes, joined

from ..toy import ToyEngine

SIZE = 48, 96


def sphere(height: int, width: int, seed: int = 0, turn: float = 0) -> np.ndarray:
    """A smooth pattern on the sphere as a panorama, uint8 BGR, turned by an angle around its
    axis."""
    latitude = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    longitude = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi + turn
    x, y = (np.cos(latitude)[:, None] * f(longitude) for f in (np.cos, np.sin))
    z = np.repeat(np.sin(latitude)[:, None], width, 1)
    random, total = np.random.default_rng(seed), np.zeros((height, width, 3))
    for _ in range(24):
        way, phase, colour = random.normal(size=3) * 3, random.uniform(0, 6), random.random(3)
        total += np.sin(way[0] * x + way[1] * y + way[2] * z + phase)[..., None] * colour
    total = (total - total.min()) / np.ptp(total)
    return (40 + 170 * total).astype(np.uint8)


def seam(picture: np.ndarray) -> float:
    """The step across the seam over the largest between any two neighbouring columns."""
    around = np.concatenate((picture, picture[:, :1]), 1).astype(float)
    steps = np.abs(np.diff(around, axis=1)).mean((0, 2))
    return steps[-1] / steps[:-1].max()


class EdgedEngine(ToyEngine):
    """Sees its edges as a network does: nothing lies beyond them."""

    def gradient(self, image: np.ndarray) -> np.ndarray:
        found = super().gradient(image)
        found[:, :, :2] = found[:, :, -2:] = 0
        return found


@pytest.mark.parametrize("shift", [1, 17, 40])
def test_the_device_does_not_know_where_the_seam_is(shift):
    random, device = np.random.default_rng(1), AroundDevice()
    image = random.random((3, *SIZE), np.float32)
    rolled = np.roll(image, 2 * shift, -1)
    blurred = device.blur(image, 1.5)
    assert np.allclose(device.blur(rolled, 1.5), np.roll(blurred, 2 * shift, -1), atol=1e-6)
    half = device.resample(image, SIZE[0] // 2, SIZE[1] // 2)
    assert np.allclose(
        device.resample(rolled, SIZE[0] // 2, SIZE[1] // 2), np.roll(half, shift, -1), atol=1e-6
    )
    flow = np.full((2, *SIZE), 3, np.float32)
    warped = device.warp(image, flow, np.ones(SIZE, np.float32))
    assert np.allclose(warped[:, :-3], np.roll(image, (-3, -3), (1, 2))[:, :-3], atol=1e-4)


def test_a_still_panorama_has_no_seam():
    dreamer = AroundDreamer(AroundDevice(), EdgedEngine(), RECIPES["google"].dream, seed=1)
    assert seam(dreamer.still(sphere(*SIZE))) <= 1


def test_a_moving_panorama_has_no_seam_after_200_frames():
    dreamer = AroundDreamer(AroundDevice(), EdgedEngine(), RECIPES["live"].dream, seed=1)
    for frame in range(200):
        dream = dreamer.live(sphere(*SIZE, turn=0.01 * frame), frame / 25)
    assert seam(dream) <= 1


def test_the_flow_follows_what_crosses_the_seam():
    tracker = AroundTracker()
    before, after = (sphere(160, 320, turn=turn) for turn in (0, 4 / 320 * 2 * np.pi))
    tracker.track(before)
    motion = tracker.track(after)
    assert motion is not None
    moved = motion.flow[0] * 320 / motion.flow.shape[2]
    assert motion.flow.shape[2] == pytest.approx(2 * motion.flow.shape[1], abs=3)
    middle = slice(motion.flow.shape[1] // 4, -motion.flow.shape[1] // 4)
    for columns in (slice(0, 6), slice(-6, None), slice(40, 60)):
        assert np.median(moved[middle, columns]) == pytest.approx(4, abs=0.8)
        assert np.median(motion.keep[middle, columns]) > 0.9


@pytest.mark.parametrize("south", [False, True])
def test_a_pole_seen_and_put_back_is_what_it_was(south):
    panorama = sphere(120, 240)
    pole = Pole(120, 240, south)
    back = pole.put_back(pole.seen(panorama))
    counts = (pole.weight > 0)[:, 0, 0]
    assert counts.sum() == pytest.approx(120 * NONE / np.pi, abs=2)
    assert (pole.weight == 1).sum() == pytest.approx(120 * WHOLE / np.pi, abs=2)
    assert counts[-1 if south else 0]
    assert np.abs(back[counts].astype(int) - panorama[counts]).max() <= 8


def test_what_is_round_on_the_sphere_is_round_in_the_view():
    """A cap of 10 degrees, 30 from the pole, where the panorama draws it twice as wide as high."""
    height, width = 360, 720
    latitude = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    longitude = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    place = np.pi / 3, np.pi  # On the seam.
    cosine = np.sin(latitude)[:, None] * np.sin(place[0]) + np.cos(latitude)[:, None] * np.cos(
        place[0]
    ) * np.cos(longitude - place[1])
    cap = np.where(cosine > np.cos(np.deg2rad(10)), 255, 0).astype(np.uint8)
    view = Pole(height, width, False).seen(cv2.merge([cap] * 3))[..., 0] > 127
    rows, columns = np.nonzero(view)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    assert np.ptp(rows) > 30


@pytest.mark.parametrize("stereo", ["none", "over-under", "side-by-side"])
def test_eyes_are_taken_apart_and_joined(stereo):
    picture = np.random.default_rng(0).integers(0, 255, (8, 12, 3), np.uint8)
    views = eyes(picture, stereo)
    assert len(views) == (1 if stereo == "none" else 2)
    assert np.array_equal(joined(views, stereo, picture), picture)
    assert np.array_equal(views[0][0, 0], picture[0, 0])


def test_both_eyes_see_one_dream():
    left = sphere(160, 320)
    right = np.roll(left, -5, 1)
    residual = cv2.GaussianBlur(
        np.random.default_rng(3).normal(0, 60, (160, 320, 3)).astype(np.float32), (0, 0), 3
    )
    there = carried(residual, left, right)
    expected = np.roll(residual, -5, 1)
    inner = np.s_[30:-30]
    apart = np.abs(there - expected)[inner].mean()
    assert apart < 0.35 * np.abs(residual - expected)[inner].mean()

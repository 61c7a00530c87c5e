"""Masks: what shape they have, how they come and go, and that they stay on what they lie on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.dream.flow import MotionTracker, small_gray
from livedream.runtime.presence.masks import (
    SMOOTHING,
    Follower,
    Mask,
    Masker,
    moving,
    shaped,
)

FIELD = cv2.GaussianBlur(
    np.random.default_rng(4).integers(0, 256, (240, 560, 3), np.uint8), (0, 0), 3
)
FIELD = cv2.normalize(FIELD, None, 20, 230, cv2.NORM_MINMAX)
OTHER = np.ascontiguousarray(FIELD[::-1, ::-1])


def scene(shift: int = 0, x: int | None = None) -> np.ndarray:
    """A wall seen by a camera that pans; a thing at column `x`, 60 wide and 100 high."""
    image = np.ascontiguousarray(FIELD[:180, 100 + shift : 420 + shift])
    if x is not None:
        image[40:140, x : x + 60] = OTHER[40:140, 200:260]
    return image


def at(x: int) -> np.ndarray:
    """People where the thing is."""
    people = np.zeros((180, 320), np.float32)
    people[40:140, x : x + 60] = 1
    return people


def centre(weights: np.ndarray) -> float:
    """Column, as a share of the width."""
    return float((weights.sum(0) * np.linspace(0, 1, weights.shape[1])).sum() / weights.sum())


def test_a_band_lies_around_people_and_not_on_them():
    people = at(130)
    band = shaped(people, "around")
    assert band[90, 160] == 0
    assert band[90, 120] > 0.5
    assert band[90, 20] == 0
    assert np.array_equal(shaped(people, "behind"), 1 - people)
    assert shaped(people, "people") is people


def test_a_mask_comes_within_its_smoothing_and_has_soft_edges():
    masker = Masker()
    image = scene(x=130)
    inside, outside = [], []
    for index in range(30):
        mask = masker.masked(image, index / 10, "people", at(130))
        assert mask is not None
        height, width = mask.weights.shape
        inside.append(mask.weights[height // 2, width // 2])
        outside.append(mask.weights[height // 2, 10])
    assert np.allclose(inside, 1, atol=0.02)
    assert outside[0] > 0.95
    steps = round(SMOOTHING * 10)
    assert outside[steps] == pytest.approx(outside[0] * np.exp(-1), rel=0.05)
    assert outside[-1] < 0.01
    edge = mask.weights[height // 2, 75:120]
    assert (np.abs(np.diff(edge)) < 0.2).all()


def test_smoothing_does_not_depend_on_the_rate():
    ends = []
    for rate in (5, 25):
        masker = Masker()
        for index in range(rate + 1):
            mask = masker.masked(scene(), index / rate, "people", at(130))
        ends.append(mask.weights)
    assert np.abs(ends[0] - ends[1]).max() < 0.2


def test_from_everywhere_to_people_and_back_nothing_jumps():
    masker = Masker()
    assert masker.masked(scene(), 0.0, "everywhere", None) is None
    before = None
    wheres = ["people"] * 30 + ["everywhere"] * 60
    for index, where in enumerate(wheres, 1):
        mask = masker.masked(scene(), index / 10, where, at(130))
        if before is not None and mask is not None:
            assert np.abs(mask.weights - before.weights).max() < 0.25
        before = mask
    assert mask is None  # Wholly back, nothing is masked any more.


def test_without_smoothing_it_is_there_at_once():
    mask = Masker(smoothing=0).masked(scene(), 0.0, "people", at(130))
    assert mask is not None
    assert mask.weights[:, 10].max() < 1e-3


def test_a_mask_follows_what_it_lies_on_between_two_findings():
    follower, gray = Follower(), small_gray(scene(x=100))
    mask = Mask(cv2.resize(at(100), gray.shape[::-1]), gray)
    assert follower.carried(mask, gray) is mask.weights
    moved = follower.carried(mask, small_gray(scene(x=112)))
    assert centre(moved) - centre(mask.weights) == pytest.approx(12 / 320, abs=0.02)
    mirrored = mask.flipped
    assert centre(mirrored.weights) == pytest.approx(1 - centre(mask.weights), abs=1e-3)
    smaller = follower.carried(mask, cv2.resize(small_gray(scene(x=112)), (120, 68)))
    assert smaller.shape == (68, 120)
    assert centre(smaller) == pytest.approx(centre(moved), abs=0.02)


@pytest.mark.parametrize("pan", [0, 6])
def test_what_moves_is_found_also_while_the_camera_pans(pan):
    masker = Masker(smoothing=0)
    for index in range(4):
        mask = masker.masked(scene(index * pan, 100 + 10 * index), index / 10, "moving", None)
    assert mask is not None
    height, width = mask.weights.shape
    assert mask.weights[height // 2, round(width * 160 / 320)] > 0.7
    assert mask.weights[:, : width // 8].mean() < 0.1
    assert mask.weights[:, -width // 8 :].mean() < 0.1


def test_what_moved_stays_masked_for_a_while_when_it_rests():
    masker = Masker(at_once=True)
    places = [*range(100, 200, 10), *range(200, 100, -10), *range(100, 200, 10), *[190] * 30]
    weights = []
    for index, place in enumerate(places):
        mask = masker.masked(scene(0, place), index / 10, "moving", None)
        assert mask is not None
        height, width = mask.weights.shape
        weights.append(float(mask.weights[height // 2, round(width * (place + 20) / 320)]))
    assert weights[29] > 0.7
    assert weights[37] > 0.5
    assert weights[-1] < 0.3


def test_a_still_picture_with_noise_does_not_move():
    random = np.random.default_rng(0)
    grays = [
        small_gray((scene() + random.normal(0, 4, (180, 320, 3))).clip(0, 255).astype(np.uint8))
        for _ in range(2)
    ]
    assert moving(MotionTracker().flow_to(*grays), 0.1).mean() < 0.02

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.dream.flow import CUT, MotionTracker, small_gray


def texture(seed: int = 0) -> np.ndarray:
    """Noise of several scales, uint8 BGR [240, 320, 3]."""
    random = np.random.default_rng(seed)
    total = np.zeros((240, 320), np.float32)
    for cells in (5, 10, 20, 40):
        noise = random.random((cells, cells), np.float32)
        total += cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC) / np.sqrt(cells)
    gray = cv2.normalize(total, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return cv2.merge([gray] * 3)


def test_first_frame_and_new_size_have_no_motion():
    tracker = MotionTracker()
    assert tracker.track(texture()) is None
    assert tracker.track(texture()) is not None
    assert tracker.track(np.ascontiguousarray(texture()[:, :200])) is None


def test_still_picture_stays_exactly_still_and_trusted():
    tracker = MotionTracker()
    tracker.track(texture())
    motion = tracker.track(texture())
    assert not motion.flow.any()
    assert motion.keep.min() > 0.99


@pytest.mark.parametrize("shift", [(6, 0), (-4, 5)])
def test_flow_points_from_the_new_picture_to_the_last(shift):
    tracker = MotionTracker()
    tracker.track(texture())
    moved = np.roll(texture(), shift[::-1], (0, 1))
    motion = tracker.track(moved)
    width = motion.keep.shape[1]
    inner = motion.flow[:, 20:-20, 20:-20]
    scale = width / 320
    assert np.median(inner[0]) == pytest.approx(-shift[0] * scale, abs=0.3)
    assert np.median(inner[1]) == pytest.approx(-shift[1] * scale, abs=0.3)
    assert np.median(motion.keep) > 0.95


def test_a_cut_is_seen():
    tracker = MotionTracker()
    tracker.track(texture(1))
    assert tracker.track(255 - texture(2)) is None


def test_what_is_uncovered_is_let_go():
    background, patch = texture(3), texture(4)[:120, :120]
    before, after = background.copy(), background.copy()
    before[60:180, 60:180] = patch
    after[60:180, 100:220] = patch
    tracker = MotionTracker()
    tracker.track(before)
    keep = cv2.resize(tracker.track(after).keep, (320, 240))
    assert keep[80:160, 64:92].mean() < 0.5
    assert keep[20:40].mean() > 0.9


def test_what_comes_in_over_the_edge_is_let_go():
    """Also where the edge looked the same, so that nothing else tells."""
    film = cv2.resize(texture(), (320, 300))
    film[:100] = cv2.resize(film[:1], (320, 100)) // 8 + 100
    tracker = MotionTracker()
    tracker.track(film[40:280])
    keep = cv2.resize(tracker.track(film[16:256]).keep, (320, 240))
    assert keep[:12].mean() < 0.3
    assert keep[40:].mean() > 0.9


def test_a_cut_between_dark_shots_is_seen():
    """Too dark for their difference to tell."""
    one, other = (cv2.convertScaleAbs(texture(seed), alpha=0.15) for seed in (1, 2))
    tracker = MotionTracker()
    tracker.track(one)
    assert cv2.absdiff(one, other).mean() < CUT * 255
    assert tracker.track(other) is None


def test_the_way_back_is_followed_where_much_is_left_and_nowhere_else():
    ways = []

    class Counting(MotionTracker):
        def _flow_to(self, *args: np.ndarray | None) -> np.ndarray:
            ways.append(args)
            return super()._flow_to(*args)

    def followed(*pictures: np.ndarray) -> int:
        ways.clear()
        tracker = Counting()
        for each in pictures:
            tracker.track(each)
        return len(ways)

    assert followed(texture(), np.roll(texture(), 3, axis=1)) == 1
    assert followed(*(cv2.convertScaleAbs(texture(seed), alpha=0.15) for seed in (1, 2))) == 2


def test_the_newest_step_is_told():
    tracker = MotionTracker()
    assert tracker.track(texture()) is None
    assert tracker.step is None
    motion = tracker.track(texture())
    step = tracker.step
    assert step
    assert step.motion is motion
    np.testing.assert_array_equal(step.now, small_gray(texture()))
    tracker.track(255 - texture(2))
    assert tracker.step
    assert tracker.step.last is step.now
    assert tracker.step.motion is None
    tracker.reset()
    assert tracker.step is None


def test_a_changed_light_is_no_cut():
    tracker = MotionTracker()
    tracker.track(texture(5))
    assert tracker.track(cv2.convertScaleAbs(texture(5), alpha=0.95)) is not None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_a_guess_that_is_no_number_is_not_followed(value):
    """OpenCV's DIS would end the process with it."""
    random = np.random.default_rng(0)
    last = cv2.GaussianBlur(random.integers(0, 256, (90, 160), np.uint8), (0, 0), 2)
    now = np.roll(last, 3, axis=1)
    guess = np.zeros((2, 90, 160), np.float32)
    guess[0, 40, 70] = value
    plain = MotionTracker().between(now, last)
    found = MotionTracker().between(now, last, guess)
    assert plain
    assert found
    np.testing.assert_array_equal(found.flow, plain.flow)


@pytest.mark.parametrize("before", [(32, 48), (32, 32)])
@pytest.mark.parametrize("guided", [False, True])
def test_what_was_followed_before_does_not_count(before, guided):
    """OpenCV's DIS goes on with the flow that it was given last, past its end on a larger picture,
    which ends the process; and stays finer after a tiny one."""

    def pair(height: int, width: int, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(0)
        last = cv2.GaussianBlur(random.integers(0, 256, (height, width), np.uint8), (0, 0), 2)
        return np.roll(last, pixels, axis=1), last

    used, now = MotionTracker(), pair(90, 160, 3)
    guess = np.full((2, *before), 9, np.float32) if guided else None
    used.between(*pair(*before, -2), guess)
    found, plain = used.between(*now), MotionTracker().between(*now)
    assert found
    assert plain
    np.testing.assert_array_equal(found.flow, plain.flow)

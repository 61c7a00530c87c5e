"""What lies over the pictures, from dream to dream."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.dream.drift import Drift
from livedream.runtime.dream.flow import Motion, MotionTracker, Step, small_gray
from livedream.runtime.live.afterimage import Afterimage
from livedream.runtime.live.composing import HostCompositor

SCENE = cv2.GaussianBlur(
    np.random.default_rng(2).integers(0, 256, (90, 160, 3), np.uint8), (0, 0), 3
)
SCENE = cv2.normalize(SCENE, None, 20, 235, cv2.NORM_MINMAX)
GRAY = small_gray(SCENE)
STILL = Drift()


def even(level: int, size: tuple[int, int] = (90, 160)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def two(calm: float, *times: float, size: tuple[int, int] = (90, 160)) -> list[float]:
    """Levels after a dream of 148 followed one of 168, at times of later pictures."""
    after = Afterimage(HostCompositor())
    after.dreamt(even(168), GRAY, 0.0, STILL)
    assert after.at(None, 0.0, STILL, calm, 0).mean() == 168
    after.dreamt(even(148, size), GRAY, 0.04, STILL)
    return [float(after.at(GRAY, time, STILL, calm, 0).mean()) for time in times]


def test_before_the_first_dream_there_is_nothing():
    assert Afterimage(HostCompositor()).at(GRAY, 0.0, STILL, 0.5, 0) is None


def test_a_new_dream_takes_over_in_seconds_and_not_in_pictures():
    assert two(0.5, 0.04, 0.08, 0.12) == pytest.approx([158, 153, 150.5], abs=1.1)
    assert two(0.5, 0.02, 0.04, 0.06, 0.08)[1::2] == pytest.approx([158, 153], abs=1.1)
    assert two(0.5, 1.0) == [148]


@pytest.mark.parametrize("time", [0.0, 0.04])
def test_without_calm_the_newest_dream_alone_is_shown(time):
    assert two(0.0, time) == [148]


def test_a_dream_of_another_size_takes_over_as_softly():
    assert two(0.5, 0.04, size=(72, 128)) == pytest.approx([158], abs=1.1)


def test_nothing_of_the_old_shot_is_left_after_a_cut():
    after = Afterimage(HostCompositor())
    after.dreamt(even(168), GRAY, 0.0, STILL)
    after.at(None, 0.0, STILL, 0.5, 0)
    other = 255 - GRAY[::-1, ::-1]
    assert after.at(other, 0.04, STILL, 0.5, 0) is None
    after.dreamt(even(138), other, 0.04, STILL)
    assert after.at(None, 0.04, STILL, 0.5, 0).mean() == 138
    assert after.pure


def test_a_step_that_is_known_is_taken_as_it_is_and_no_other_one():
    """A dream of a later picture, in which everything lies six pixels further left."""
    moved = small_gray(np.roll(SCENE, -6, axis=1))
    spot = even(128)
    spot[40:50, 70:90] = 200
    tracker = MotionTracker()
    nowhere = Motion(np.zeros((2, *GRAY.shape), np.float32), np.zeros(GRAY.shape, np.float32))

    def lasting(step: Step | None) -> np.ndarray:
        after = Afterimage(HostCompositor())
        after.dreamt(spot, GRAY, 0.0, STILL)
        after.dreamt(even(128), moved, 0.04, STILL, step)
        return after.at(None, 0.04, STILL, 0.5, 0)

    looked_for = lasting(None)
    assert looked_for[45, 74].mean() > 150
    known = Step(GRAY, moved, tracker.between(moved, GRAY))
    np.testing.assert_array_equal(lasting(known), looked_for)
    assert (lasting(Step(GRAY, moved, nowhere)) == 128).all()
    other = Step(GRAY.copy(), moved, nowhere)
    np.testing.assert_array_equal(lasting(other), looked_for)


class TestQuickPictures:
    """What was dreamt has a bright spot; the camera pans, a pixel a picture."""

    def pan(self, *times: float) -> Afterimage:
        """Pictures at these times after a dream of the first one at 0; the last is yet to come."""
        after = Afterimage(HostCompositor())
        spot = even(128)
        spot[35:55, 70:90] = 200
        after.dreamt(spot, GRAY, 0.0, STILL)
        for number, time in enumerate(times, 1):
            self.laid = after.at(self.moved(number), time, STILL, 0, 0)
        return after

    def moved(self, number: int) -> np.ndarray:
        return small_gray(np.roll(SCENE, -number, axis=1))

    def column(self) -> float:
        """Where the spot is."""
        assert self.laid is not None
        bright = np.maximum(self.laid[..., 0].astype(float) - 150, 0)
        return float((bright.sum(axis=0) * np.arange(160)).sum() / bright.sum())

    def count(self, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        """What is followed from here on."""
        followed: list[object] = []
        between = MotionTracker.between

        def counted(self: MotionTracker, *pictures: np.ndarray) -> Motion | None:
            followed.append(pictures)
            return between(self, *pictures)

        monkeypatch.setattr(MotionTracker, "between", counted)
        return followed

    @pytest.mark.parametrize(("gap", "count"), [(1 / 60, 2), (1 / 30, 4)])
    def test_every_other_one_goes_on_as_the_one_before(self, gap, count, monkeypatch):
        followed = self.count(monkeypatch)
        for pictures in range(1, 5):
            followed.clear()
            self.pan(*(number * gap for number in range(1, pictures + 1)))
            assert self.column() == pytest.approx(79.5 - pictures, abs=0.2)
        assert len(followed) == count

    def test_a_cut_is_seen_there_too(self):
        after = self.pan(1 / 60)
        assert after.at(255 - GRAY[::-1, ::-1], 2 / 60, STILL, 0, 0) is None

    def test_little_is_not_taken_for_much(self, monkeypatch):
        """Where what was followed is of no time, its pace is not known."""
        followed = self.count(monkeypatch)
        self.pan(0.001, 0.02)
        assert len(followed) == 2

    def test_a_new_dream_is_followed_anew(self, monkeypatch):
        after = self.pan(1 / 60)
        after.dreamt(even(168), self.moved(1), 1 / 60, STILL)
        followed = self.count(monkeypatch)
        after.at(self.moved(2), 2 / 60, STILL, 0, 0)
        assert len(followed) == 1


def test_a_drift_goes_on_since_the_dream():
    after, spot = Afterimage(HostCompositor()), even(128)
    spot[35:55, 30:50] = 200
    after.dreamt(spot, GRAY, 5.0, STILL)
    laid = after.at(GRAY, 6.0, Drift(x=0.25), 0, 0)
    assert laid is not None
    bright = np.maximum(laid[..., 0].astype(float) - 150, 0)
    assert (bright.sum(axis=0) * np.arange(160)).sum() / bright.sum() == pytest.approx(79.5, abs=1)

"""What moves the dream by itself, against where points of it must come to lie."""

from __future__ import annotations

import math

import numpy as np
import pytest

from livedream.runtime.dream.drift import Drift, drifting
from livedream.runtime.dream.flow import Motion

HEIGHT, WIDTH = 60, 80
STILL = Motion(np.zeros((2, HEIGHT, WIDTH), np.float32), np.ones((HEIGHT, WIDTH), np.float32))


def came_from(motion: Motion, x: int, y: int) -> tuple[float, float]:
    """Seen from the centre."""
    return (
        x + float(motion.flow[0, y, x]) - (WIDTH - 1) / 2,
        y + float(motion.flow[1, y, x]) - (HEIGHT - 1) / 2,
    )


def test_without_a_drift_the_motion_is_itself():
    assert drifting(STILL, Drift(), 1.0) is STILL
    for still in (drifting(STILL, Drift(2, 90, 1, 1), 0.0),):
        np.testing.assert_allclose(still.flow, 0, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_zoom_grows_about_the_centre_by_so_much_a_second(seconds):
    motion = drifting(STILL, Drift(zoom=2), seconds)
    x, y = came_from(motion, 60, 20)
    grown = 2**seconds
    assert (x, y) == pytest.approx((20.5 / grown, -9.5 / grown), abs=1e-3)
    assert motion.keep.min() == 1
    shrunk = drifting(STILL, Drift(zoom=0.5), seconds)
    assert shrunk.keep[0, 0] == 0, "nothing comes in from outside"
    assert shrunk.keep[30, 40] == 1


def test_turn_is_clockwise_in_degrees_a_second():
    motion = drifting(STILL, Drift(turn=90), 1.0)
    # What is to the right of the centre now was above it.
    assert came_from(motion, 60, 30) == pytest.approx((0.5, -20.5), abs=1e-3)
    half = drifting(STILL, Drift(turn=90), 0.5)
    x, y = came_from(half, 60, 30)
    assert math.hypot(x, y) == pytest.approx(math.hypot(20.5, 0.5), abs=1e-3)


def test_wandering_is_in_sides_of_the_picture_to_the_right_and_down():
    motion = drifting(STILL, Drift(x=0.25, y=-0.5), 0.2)
    np.testing.assert_allclose(motion.flow[0], -4, atol=1e-3)
    np.testing.assert_allclose(motion.flow[1], 6, atol=1e-3)
    assert motion.keep[:, :4].max() == 0
    assert motion.keep[-6:].max() == 0
    assert motion.keep[:-6, 4:].min() == 1


def test_a_drift_comes_on_top_of_the_motion_and_of_its_trust():
    flow = np.zeros((2, HEIGHT, WIDTH), np.float32)
    flow[0] = 3
    moved = Motion(flow, np.full((HEIGHT, WIDTH), 0.5, np.float32))
    motion = drifting(moved, Drift(zoom=2), 1.0)
    assert came_from(motion, 60, 30)[0] == pytest.approx((20.5 + 3) / 2, abs=1e-3)
    assert motion.keep.max() == 0.5


@pytest.mark.parametrize("seconds", [-1e5, 1e5])
@pytest.mark.parametrize("zoom", [0.3, 3.0])
def test_a_drift_from_a_dream_that_stood_for_hours_is_still_a_number(zoom, seconds):
    assert np.isfinite(drifting(STILL, Drift(zoom, 90, 0.1, 0.1), seconds).flow).all()

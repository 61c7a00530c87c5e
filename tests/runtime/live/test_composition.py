"""Composition in bytes against its definitions, by OpenCV and by what Numba compiles."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream import kernels
from livedream.runtime.dream.flow import Motion, MotionTracker, small_gray
from livedream.runtime.live.composing import HostCompositor
from livedream.runtime.live.composition import NONE, carry, compose, dimmed, residual_of


@pytest.fixture
def host(compiled) -> HostCompositor:
    """Every way to compose on the processor."""
    if not compiled:
        return HostCompositor()
    from livedream.runtime.live.compiled_compositor import CompiledCompositor

    return CompiledCompositor()


def smooth(seed: int, height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 20, 230, cv2.NORM_MINMAX)


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("size", [(90, 160), (270, 480), (271, 483)])
def test_the_camera_keeps_its_size_and_gets_the_enlarged_residual(host, size, amount):
    small, camera = smooth(1, 90, 160), smooth(2, *size)
    dream = np.clip(small.astype(int) + smooth(3, 90, 160) // 4 - 30, 0, 255).astype(np.uint8)
    residual = dream.astype(float) - small
    enlarged = cv2.resize(residual, size[::-1], interpolation=cv2.INTER_CUBIC)
    expected = np.clip(camera + amount * enlarged, 0, 255)
    shown = host.composed(camera, residual_of(dream, small), amount, 1.0, None, 1.0)
    assert shown.dtype == np.uint8
    assert shown.shape == camera.shape
    assert np.abs(shown - expected).max() <= 2
    assert abs((shown - expected).mean()) < 0.1


def test_no_dream_is_the_camera_itself(host):
    small, camera = smooth(1, 90, 160), smooth(2, 270, 480)
    shown = host.composed(camera, residual_of(small, small), 1.0, 1.0, None, 1.0)
    np.testing.assert_array_equal(shown, camera)


def test_a_residual_follows_the_motion():
    field = smooth(5, 240, 400)
    before, after = field[20:200, 40:360], field[20:200, 28:348]  # all moves 12 to the right
    motion = MotionTracker().between(small_gray(after), small_gray(before))
    assert motion
    residual = smooth(6, 180, 320)
    carried = carry(residual, motion.flow)
    inside = np.s_[20:-20, 40:-20]
    wrong = np.abs(carried[inside].astype(int) - residual[inside]).mean()
    right = np.abs(carried[inside].astype(int) - np.roll(residual, 12, 1)[inside]).mean()
    assert right < wrong / 4


def test_a_residual_lets_go_where_motion_is_not_trusted(host):
    keep = np.ones((45, 80), np.float32)
    keep[:, 40:] = 0
    residual = smooth(7, 90, 160)
    motion = Motion(np.zeros((2, 45, 80), np.float32), keep)
    carried = host.carried(residual, motion, None, residual)
    np.testing.assert_allclose(carried[:, :70].astype(int), residual[:, :70], atol=2)
    np.testing.assert_allclose(carried[:, 90:], NONE, atol=1)


@pytest.mark.parametrize(("axis", "moved"), [(0, (3.0, 0.0)), (1, (0.0, 3.0))])
def test_flow_of_a_smaller_picture_counts_in_its_own_pixels(axis, moved):
    """The flow's plane is 40 x 20, the residual's 160 x 60: x counts four times, y three times."""
    flow = np.zeros((2, 20, 40), np.float32)
    flow[:] = np.array(moved, np.float32)[:, None, None]
    residual = smooth(8, 60, 160)
    carried = carry(residual, flow)
    x, y = 4 * int(moved[0]), 3 * int(moved[1])
    np.testing.assert_array_equal(carried[: 60 - y, : 160 - x], residual[y:, x:])
    # What comes in from outside goes on with the edge.
    edge = residual[:, -1:] if axis == 0 else residual[-1:]
    outside = carried[:, 160 - x :] if axis == 0 else carried[60 - y :]
    np.testing.assert_array_equal(outside, np.broadcast_to(edge, outside.shape))


def test_half_trusted_is_half_of_the_residual(host):
    residual = smooth(9, 60, 160)
    half = Motion(np.zeros((2, 60, 160), np.float32), np.full((60, 160), 0.5, np.float32))
    expected = NONE + (residual.astype(float) - NONE) / 2
    assert np.abs(host.carried(residual, half, None, residual) - expected).max() <= 1.5


def test_all_of_the_dream_is_shown_unless_somebody_says_less():
    small, camera = smooth(1, 90, 160), smooth(2, 90, 160)
    residual = residual_of(smooth(3, 90, 160) // 4 + small // 2, small)
    np.testing.assert_array_equal(compose(camera, residual), compose(camera, residual, 1.0))


@pytest.mark.parametrize("contrast", [1.0, 0.4])
def test_outside_of_the_mask_the_camera_is_as_it_is(host, contrast):
    random = np.random.default_rng(3)
    camera = random.integers(0, 256, (60, 80, 3), np.uint8)
    residual = random.integers(90, 166, (30, 40, 3), np.uint8)
    mask = np.zeros((6, 8), np.float32)
    mask[:, :4] = 1
    whole = host.composed(camera, residual, 1.0, contrast, None, 1.0)
    laid = host.composed(camera, residual, 1.0, contrast, mask, 1.0)
    np.testing.assert_array_equal(laid[:, 48:], camera[:, 48:])
    assert np.abs(laid[:, :32].astype(int) - whole[:, :32]).max() <= 1
    assert np.abs(laid[:, :32].astype(int) - camera[:, :32]).mean() > 5


KEEP = cv2.blur((np.random.default_rng(4).random((45, 80)) > 0.2).astype(np.float32), (5, 5))
FLOW = cv2.GaussianBlur(
    20 * np.random.default_rng(5).standard_normal((45, 80, 2)).astype(np.float32), (0, 0), 6
)
AGREED = {
    "residual": lambda host, small, large, made: (
        kernels.residual(made, kernels.to_planar(small, 0.4)), residual_of(made, small, 0.4)
    ),
    "blend": lambda host, small, large, made: (
        kernels.blend(made, small, 0.3), host.blended(made, small, 0.3)
    ),
    "carry": lambda host, small, large, made: (
        kernels.carry(made, FLOW.transpose(2, 0, 1), KEEP, *made.shape[:2]),
        host.carried(made, Motion(FLOW.transpose(2, 0, 1), KEEP), None, made),
    ),
    "hold": lambda host, small, large, made: (
        kernels.carry(made, None, KEEP, *made.shape[:2]), host.held(made, KEEP)
    ),
    "compose": lambda host, small, large, made: (
        kernels.compose(large, made, 0.7, 0.4), host.composed(large, made, 0.7, 0.4, None, 1.0)
    ),
    "shrink": lambda host, small, large, made: (
        kernels.compose(small, large, 1.0, 1.0), host.composed(small, large, 1.0, 1.0, None, 1.0)
    ),
    "dim": lambda host, small, large, made: (
        kernels.compose(large, None, light=0.6), dimmed(large, 0.6)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AGREED)
def test_the_kernels_definitions_are_the_processors_way(host, name):
    ours, theirs = AGREED[name](host, smooth(1, 90, 160), smooth(2, 271, 483), smooth(3, 90, 160))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("contrast", [1.0, 0.4])
def test_masked_they_are_nearly(contrast):
    """The processor masks before or after it enlarges."""
    large, made = (
        smooth(2, 271, 483),
        cv2.addWeighted(smooth(3, 90, 160), 0.3, smooth(3, 90, 160), 0, 90),
    )
    ours, theirs = (each(large, made, 1, contrast, KEEP) for each in (kernels.compose, compose))
    assert np.abs(ours.astype(int) - theirs).max() <= 2

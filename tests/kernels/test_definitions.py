"""The NumPy definitions against what they claim, from first principles."""

from __future__ import annotations

import numpy as np
import pytest

from livedream import kernels


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def test_jitter_moves_a_pixel_around_the_torus():
    image = np.zeros((3, 5, 7), np.float32)
    image[:, 1, 2] = 1
    assert kernels.jitter(image, -4, 9)[:, 0, 5].tolist() == [1, 1, 1]


def test_jitter_back_is_exact(random):
    image = random.random((3, 13, 1), np.float32)
    assert np.array_equal(kernels.jitter(kernels.jitter(image, 31, -17), -31, 17), image)


def test_blur_keeps_a_constant_and_spreads_a_point():
    assert np.allclose(kernels.blur(np.full((3, 6, 5), 0.3, np.float32), 1.7), 0.3, atol=1e-6)
    point = np.zeros((1, 21, 21), np.float32)
    point[0, 10, 10] = 1
    spread = kernels.blur(point, 1.5)[0]
    x = np.arange(-10, 11)
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert (spread * x * x).sum() == pytest.approx(1.5**2, rel=0.05)
    assert np.allclose(spread, spread.T)


def test_ascend_changes_by_the_step_on_average(random):
    image = np.full((3, 8, 9), 0.5, np.float32)
    gradient = random.standard_normal((3, 8, 9), np.float32)
    changed = kernels.ascend(image, gradient, 0.01, 3, 2) - image
    assert np.abs(changed).mean() == pytest.approx(0.01, rel=1e-4)
    expected = gradient * 0.01 / np.abs(gradient).mean()
    assert np.allclose(kernels.jitter(changed, 3, 2), expected, atol=1e-6)


def test_ascend_survives_a_dead_gradient_and_stays_in_range(random):
    image = random.random((3, 4, 4), np.float32)
    assert np.array_equal(kernels.ascend(image, np.zeros_like(image), 1, 0, 0), image)
    pushed = kernels.ascend(image, random.standard_normal((3, 4, 4), np.float32), 9, 0, 0)
    assert pushed.min() >= 0
    assert pushed.max() <= 1


@pytest.mark.parametrize("size", [(7, 11), (3, 40), (1, 1)])
def test_resample_with_corners_is_linear_between_them(random, size):
    image = random.random((2, 5, 6), np.float32)
    out = kernels.resample(image, *size, True)
    rows = np.linspace(0, 4, size[0]) if size[0] > 1 else [0]
    columns = np.linspace(0, 5, size[1]) if size[1] > 1 else [0]
    along = np.stack([[np.interp(columns, range(6), row) for row in plane] for plane in image])
    expected = np.stack(
        [
            np.stack([np.interp(rows, range(5), plane[:, x]) for x in range(len(columns))], 1)
            for plane in along
        ]
    )
    assert np.allclose(out, expected, atol=1e-6)


def test_resample_by_centres_keeps_a_ramp():
    ramp = np.arange(8, dtype=np.float32).reshape(1, 1, 8)
    assert np.allclose(kernels.resample(ramp, 1, 4)[0, 0], [0.5, 2.5, 4.5, 6.5])


def test_warp_follows_the_flow_and_forgets(random):
    residual = random.random((3, 6, 8), np.float32)
    flow = np.zeros((2, 6, 8), np.float32)
    flow[0] = 2
    keep = np.ones((6, 8), np.float32)
    keep[:, 0] = 0
    out = kernels.warp(residual, flow, keep)
    assert np.allclose(out[:, :, 1:6], residual[:, :, 3:8], atol=1e-6)
    assert not out[:, :, 0].any()
    assert np.allclose(out[:, :, 7], residual[:, :, 7], atol=1e-6)


def test_warp_neither_rubs_out_nor_rings_however_often_it_carries(random):
    """A dream is carried on for seconds, by half pixels at worst."""
    detail = kernels.blur(random.standard_normal((3, 64, 64), np.float32), 1)
    start = np.abs(detail).mean()
    flow, keep = np.full((2, 64, 64), 0.5, np.float32), np.ones((64, 64), np.float32)
    amounts = []
    for count in range(60):
        # Back and forth, so that the edges' repetition stays at the edges.
        detail = kernels.warp(detail, flow if count % 2 else -flow, keep)
        amounts.append(np.abs(detail[:, 8:-8, 8:-8]).mean() / start)
    assert max(amounts) < 1
    assert amounts[24] > 0.6
    assert amounts == sorted(amounts, reverse=True)


def test_pixels_round_trip_all_bytes():
    bgr = np.arange(256 * 3, dtype=np.int64).astype(np.uint8).reshape(16, 16, 3)
    planar = kernels.to_planar(bgr)
    assert planar[0, 0, 0] == np.float32(2 / 255)
    assert np.array_equal(kernels.to_bytes(planar), bgr)


def test_contrast_is_kept_around_grey():
    bgr = np.array([[[0, kernels.GREY, 255]]], np.uint8)
    assert kernels.to_planar(bgr, 0.5).ravel() * 255 == pytest.approx([186.5, 118, 59], abs=1e-3)
    assert kernels.to_planar(bgr, 0).ravel() * 255 == pytest.approx([118] * 3, abs=1e-3)


def test_limit_only_ever_weakens(random):
    residual = random.standard_normal((3, 9, 9), np.float32)
    mean = np.abs(residual).mean()
    assert np.abs(kernels.limit(residual, 0.1)).mean() == pytest.approx(0.1, rel=1e-4)
    assert np.array_equal(kernels.limit(residual, float(mean) * 2), residual)
    assert np.array_equal(kernels.limit(residual, 0), residual)


def test_balance_keeps_grey_and_tames_colour():
    grey = np.ones(3, np.float32)
    assert np.array_equal(np.round(kernels.colour_matrix(1), 6), np.eye(3, dtype=np.float32))
    kept = kernels.colour_matrix(0.65) @ grey
    assert np.abs(kept - 1).max() < 0.15
    green_magenta = np.array([1, -2, 1], np.float32)
    assert np.linalg.norm(kernels.colour_matrix(0.65) @ green_magenta) < 0.5 * 6**0.5


def test_balance_weighs_coarse_bands_more_and_leaves_no_haze():
    random = np.random.default_rng(0)
    fine = random.standard_normal((3, 128, 128), np.float32)
    coarse = kernels.blur(fine, 4)
    gains = [
        np.abs(kernels.balance(each, 1, 1)).mean() / np.abs(each).mean() for each in (fine, coarse)
    ]
    assert gains[1] > 3 * gains[0]
    assert np.abs(kernels.balance(np.ones((3, 64, 64), np.float32), 1, 1)).max() < 1e-5
    assert np.array_equal(kernels.balance(fine, 1, 0), fine)


def test_pulls_run_down_what_they_are_named_after(random):
    residual, gradient = random.standard_normal((2, 3, 10, 12)).astype(np.float32)
    unit = gradient / np.abs(gradient).mean()

    def slope(measure, way):
        return (measure(residual + 1e-3 * way) - measure(residual - 1e-3 * way)) / 2e-3

    def square(values):
        return float((values**2).mean())

    for weights, measure in (((1, 0), kernels.variation), ((0, 1), square)):
        pull = kernels.pull(unit, residual, *weights) - unit
        for _ in range(3):
            way = random.standard_normal(residual.shape).astype(np.float32)
            expected = -slope(measure, way)
            assert (pull * way).mean() == pytest.approx(expected, rel=0.05, abs=0.01)


def test_a_pull_is_as_strong_as_the_gradient_and_lies_where_it_does(random):
    residual, gradient = random.standard_normal((2, 3, 10, 12)).astype(np.float32)
    pull = kernels.pull(gradient, residual, 0.5, 0.5) - gradient
    far = kernels.pull(7 * gradient, residual, 0.5, 0.5, 3, -2) - 7 * gradient
    assert np.allclose(far, 7 * kernels.jitter(pull, 3, -2), atol=1e-4)


def test_meter_averages_light_and_not_codes():
    halves = np.zeros((6, 10, 3), np.uint8)
    halves[:, 5:] = 255
    light, red = kernels.meter(halves, 1, 1)
    assert light == pytest.approx(0.5, abs=1e-6)
    assert red == 0
    grey = kernels.meter(np.full((4, 4, 3), 188, np.uint8), 1, 1)
    assert grey[0] == pytest.approx(0.5029, abs=1e-4)  # sRGB's 188 is half the light


def test_meter_cuts_pixels_where_cells_do():
    """Three pixels over two cells: the middle one counts half in each. Redness is what red has
    more than the others."""
    bgr = np.array([[[0, 0, 255], [255, 0, 255], [0, 0, 255]]], np.uint8)
    light, red = kernels.meter(bgr, 2, 2)
    assert red == pytest.approx(np.full((2, 2), 2 / 3), abs=1e-6)
    assert light == pytest.approx(np.full((2, 2), 0.2126 + 0.0722 / 3), abs=1e-6)


def test_hold_gives_one_or_the_other_to_the_bit(random):
    bgr, before = random.integers(0, 256, (2, 33, 47, 3), np.uint8)
    assert np.array_equal(kernels.hold(bgr, before, np.full((5, 9), 0, np.uint8)), bgr)
    assert np.array_equal(kernels.hold(bgr, before, np.full((5, 9), 255, np.uint8)), before)


def test_hold_rounds_each_part_and_enlarges_by_centres():
    codes = np.arange(256, dtype=np.uint8)
    one, other = (np.stack([each] * 3, 2) for each in np.meshgrid(codes, codes))
    for weight in (1, 85, 128, 254):
        held = kernels.hold(one, other, np.full((1, 1), weight, np.uint8)).astype(int)
        parts = np.rint(other * (weight / 255)) + np.rint(one * (1 - weight / 255))
        assert np.array_equal(held, parts)
    black, white = np.zeros((1, 8, 3), np.uint8), np.full((1, 8, 3), 255, np.uint8)
    ramp = kernels.hold(black, white, np.array([[0, 128]], np.uint8))[0, :, 0]
    assert ramp.tolist() == [0, 0, 16, 48, 80, 112, 128, 128]

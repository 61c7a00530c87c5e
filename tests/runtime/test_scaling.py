from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.scaling import comfortable, fit, letterbox, parse_size, scaled


@pytest.mark.parametrize(
    ("size", "box", "fitted"),
    [
        ((1920, 1080), (640, 640), (640, 360)),
        ((1080, 1920), (640, 640), (360, 640)),
        ((64, 48), (640, 300), (400, 300)),
        ((5000, 2), (640, 480), (640, 1)),
        ((2, 5000), (480, 640), (1, 640)),
    ],
)
def test_fit_keeps_the_aspect_and_a_pixel(size, box, fitted):
    assert fit(*size, box) == fitted


def test_a_size_is_width_and_height():
    assert parse_size(" 640x480 ") == (640, 480)
    assert parse_size("1X8192") == (1, 8192)
    assert parse_size("8192x1") == (8192, 1)


@pytest.mark.parametrize("text", ["", "640", "640x", "x480", "-1x4", "640*480", "1x2x3", "4.5x3"])
def test_what_is_no_size_is_told_how_one_is_written(text):
    with pytest.raises(UsageError, match="write width x height"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0x4", "4x0", "8193x4", "4x8193"])
def test_sides_have_a_largest_length(text):
    with pytest.raises(UsageError, match="1 to 8192"):
        parse_size(text)


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)


def test_a_picture_that_fits_is_left_as_it_is():
    bgr = picture(64, 48)
    assert scaled(bgr, None) is bgr
    assert scaled(bgr, (64, 100)) is bgr


def test_a_picture_shrinks_by_averages_and_grows_smoothly():
    bgr = picture(64, 48)
    small, large = scaled(bgr, (16, 16)), scaled(bgr, (200, 96))
    assert small.shape == (12, 16, 3)
    averages = bgr.reshape(12, 4, 16, 4, 3).mean((1, 3))
    assert np.abs(small - averages).max() <= 1
    assert np.array_equal(large, cv2.resize(bgr, (128, 96), interpolation=cv2.INTER_CUBIC))


@pytest.mark.parametrize(
    ("size", "dreamt"),
    [
        ((640, 480), (640, 480)),
        ((1920, 1080), (1920, 1080)),
        ((3840, 2160), (1920, 1080)),
        ((2160, 3840), (1080, 1920)),
        ((4_000_000, 1), (2_880_000, 1)),
        ((1, 4_000_000), (1, 2_880_000)),
    ],
)
def test_what_is_too_much_for_a_common_computer_shrinks(size, dreamt):
    assert comfortable(*size) == dreamt


def test_bars_stand_around_a_picture_of_another_aspect():
    bgr = picture(64, 48)
    boxed = letterbox(bgr, (64, 61))
    assert boxed.shape == (61, 64, 3)
    assert np.array_equal(boxed[6:54], bgr)
    assert not boxed[:6].any()
    assert not boxed[54:].any()
    boxed = letterbox(bgr, (71, 48))
    assert boxed.shape == (48, 71, 3)
    assert np.array_equal(boxed[:, 3:67], bgr)
    assert not boxed[:, :3].any()
    assert not boxed[:, 67:].any()


def test_letterboxed_pictures_shrink_by_averages_and_grow_smoothly():
    bgr = picture(64, 48)
    small = bgr.reshape(12, 4, 16, 4, 3).mean((1, 3))
    assert np.abs(letterbox(bgr, (16, 12)) - small).max() <= 1
    large = cv2.resize(bgr, (128, 96), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(letterbox(bgr, (128, 96)), large)

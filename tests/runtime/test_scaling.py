from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.scaling import comfortable, fit, scaled


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


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)


def test_a_picture_that_fits_is_left_as_it_is():
    bgr = picture(64, 48)
    assert scaled(bgr, None) is bgr
    assert scaled(bgr, (64, 100)) is bgr


def test_a_picture_shrinks_by_averages_and_grows_smoothly():
    bgr = picture(64, 48)
    small, large = scaled(bgr, (32, 32)), scaled(bgr, (200, 96))
    assert small.shape == (24, 32, 3)
    averages = bgr.reshape(24, 2, 32, 2, 3).mean((1, 3))
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

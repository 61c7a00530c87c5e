"""What was dreamt small, on the picture as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.kernels import haze
from livedream.runtime.offline.enlarging import enlarged, sized


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)


def test_what_is_written_is_no_smaller_than_the_picture_or_its_dream(picture):
    def shapes(*boxes):
        return [(each.shape[1], each.shape[0]) for each in sized(picture, *boxes)]

    assert shapes((80, 80), None) == [(160, 90), (80, 45)]
    assert shapes((320, 320), None) == [(320, 180), (320, 180)]
    assert shapes((80, 80), (40, 40)) == [(40, 22), (80, 45)]
    assert sized(picture, (160, 90), None)[0] is picture


def test_where_nothing_was_dreamt_its_very_bytes_stay(picture):
    whole, small = sized(picture, (50, 40), None)
    for around in (False, True):
        assert np.array_equal(enlarged(whole, small, small, around=around), picture)


def test_as_large_as_it_was_dreamt_it_is_the_dream_itself(picture):
    assert enlarged(picture, picture, picture // 2) is not picture
    assert np.array_equal(enlarged(picture, picture, picture // 2), picture // 2)


def test_changes_of_any_size_arrive_where_they_were_made(picture):
    small = np.zeros((45, 80, 3), np.uint8)
    dream = small.copy()
    dream[10:20, 30:50] = 250
    laid = enlarged(np.zeros_like(picture), small, dream)
    assert laid[30, 80].tolist() == [250] * 3
    assert laid[24:36, 64:96].min() > 240
    laid[16:44, 56:104] = 0
    assert laid.max() == 0
    darkened = enlarged(np.full_like(picture, 250), small + 250, dream)
    assert darkened[0, 0].tolist() == [0] * 3
    assert darkened[30, 80].tolist() == [250] * 3


def test_the_sides_of_a_flat_picture_are_no_neighbours(picture):
    small = np.zeros((45, 80, 3), np.uint8)
    dream = small.copy()
    dream[:, :3] = 200
    assert enlarged(np.zeros_like(picture), small, dream)[:, 80:].max() == 0


def test_the_picture_keeps_the_contrast_that_it_was_dreamt_with(picture):
    whole, small = sized(picture, (80, 45), None)
    dream = cv2.convertScaleAbs(small, alpha=0.3, beta=255 * haze(0.3))
    laid = enlarged(whole, small, dream, 0.3)
    expected = picture * 0.3 + 255 * haze(0.3)
    assert np.abs(laid - expected).max() <= 2


def test_around_there_is_no_seam(picture):
    small = np.full((45, 80, 3), 100, np.uint8)
    dream = small.copy()
    dream[:, :3] = 200
    whole = np.full_like(picture, 100)
    here, there = (enlarged(whole, small, np.roll(dream, x, 1), around=True) for x in (0, 10))
    assert np.array_equal(np.roll(here, 20, axis=1), there)

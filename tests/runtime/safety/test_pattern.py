"""Stripes are found at any angle; pictures without are left alone."""

import math

import cv2
import numpy as np
import pytest

from livedream.runtime.safety.pattern import striped_share
from tests.runtime.safety import vectors


@pytest.mark.parametrize("pairs", [6, 12, 25])
@pytest.mark.parametrize("angle", [0, 0.4, math.pi / 2, 2.3])
def test_bars(pairs, angle):
    assert striped_share(vectors.bars(pairs, angle)(0)) > 0.5


def test_rings():
    y, x = np.indices((240, 320))
    rings = np.sin(np.hypot(x - 160, y - 120) / 3) * 127 + 128
    assert striped_share(np.repeat(rings[..., None], 3, 2).astype(np.uint8)) > 0.25


@pytest.mark.parametrize("seed", range(3))
def test_clouds_are_no_stripes(seed):
    random = np.random.default_rng(seed)
    noise = random.normal(0, 1, (240, 320, 3))
    clouds = sum(cv2.GaussianBlur(noise, (0, 0), 2.0**n) * 2**n for n in range(6))
    picture = cv2.normalize(clouds, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    assert striped_share(picture) < 0.1


def test_faint_and_plain_pictures_are_no_stripes():
    faint = (vectors.bars(12, 0)(0) // 64 + 120).astype(np.uint8)
    assert striped_share(faint) == 0
    assert striped_share(vectors.plain(vectors.WHITE)) == 0

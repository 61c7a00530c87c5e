"""Stripes are found at any angle; pictures without are left alone."""

import math

import cv2
import numpy as np
import pytest

from livedream.runtime.safety.pattern import DANGEROUS, Softening, Stripes, softened, stripes
from livedream.runtime.safety.pixels import Processor
from tests.runtime.safety import vectors


@pytest.mark.parametrize("pairs", [6, 12, 25])
@pytest.mark.parametrize("angle", [0, 0.4, math.pi / 2, 2.3])
def test_bars(pairs, angle):
    assert stripes(vectors.bars(pairs, angle)(0)).share > 0.5


def test_rings():
    y, x = np.indices((240, 320))
    rings = np.sin(np.hypot(x - 160, y - 120) / 3) * 127 + 128
    assert stripes(np.repeat(rings[..., None], 3, 2).astype(np.uint8)).share > 0.25


@pytest.mark.parametrize("seed", range(3))
def test_clouds_are_no_stripes(seed):
    random = np.random.default_rng(seed)
    noise = random.normal(0, 1, (240, 320, 3))
    clouds = sum(cv2.GaussianBlur(noise, (0, 0), 2.0**n) * 2**n for n in range(6))
    picture = cv2.normalize(clouds, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    assert stripes(picture).share < 0.1


def test_faint_and_plain_pictures_are_no_stripes():
    faint = (vectors.bars(12, 0)(0) // 64 + 120).astype(np.uint8)
    assert stripes(faint).share == 0
    assert stripes(vectors.plain(vectors.WHITE)).share == 0


def test_stripes_that_last_are_left_with_a_tenth_of_luminance():
    bars = vectors.bars(12, 0.4)(0)
    found = stripes(bars)
    softening = Softening()
    softening.judged(found, 10.0)
    assert softening.weight(10.0) == 0
    softening.judged(found, 10.5)
    weights = [softening.weight(10.5 + step / 20) for step in range(41)]
    assert weights[0] <= 0.1
    assert weights[10] == pytest.approx(weights[0] + 0.5)
    left = stripes(softened(Processor(), bars, weights[-1]))
    assert left.share <= DANGEROUS
    softening.judged(Stripes(0.1, 1.0), 12.5)
    back = [softening.weight(12.5 + step / 20) for step in range(41)]
    assert back[0] > 0.8
    assert back[-1] == 0
    assert softened(Processor(), bars, 0.0) is bars


def test_stripes_that_go_at_once_are_not_softened():
    softening = Softening()
    for time, share in ((0.0, 0.9), (0.4, 0.1), (0.6, 0.9), (1.0, 0.9)):
        softening.judged(Stripes(share, 1.0), time)
    assert softening.weight(1.5) == 0

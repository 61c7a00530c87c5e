"""What holds a dream back, in photos and live: what it adds shrinks, and by what."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from livedream.kernels import variation
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream

from ..toy import ToyEngine
from .test_dreamer import picture

STILL = Dream(octaves=2, steps=6, step_size=2, jitter=8)
LIVE = Dream(octaves=2, steps=1, step_size=2, jitter=4, half_life=1, strength=20)


def added(dream: Dream, live: bool) -> np.ndarray:
    """What a dream adds to a picture, float32 [3, height, width]."""
    dreamer, bgr = Dreamer(CpuDevice(), ToyEngine(), dream), picture()
    dreamt = bgr
    for number in range(8 if live else 1):
        dreamt = dreamer.live(bgr, number / 25) if live else dreamer.still(bgr)
    return (dreamt.astype(np.float32) - bgr).transpose(2, 0, 1) / 255


@pytest.mark.parametrize("live", [False, True], ids=["still", "live"])
@pytest.mark.parametrize(
    ("name", "weights", "measure"),
    [
        ("tv", (0, 0.5, 2), variation),
        ("smooth", (0, 0.7), variation),
        ("l2", (0, 20, 80), lambda values: float(np.square(values).mean())),
        ("clip_norm", (0, 0.3, 0.8), lambda values: float(np.abs(values).max(0).mean())),
        ("clip_contribution", (0, 0.3, 0.8), lambda values: float(np.abs(values).mean())),
    ],
)
def test_it_falls_as_its_weight_grows(name, weights, measure, live):
    dream = LIVE if live else STILL
    sizes = [measure(added(replace(dream, **{name: weight}), live)) for weight in weights]
    assert all(more > 1.02 * less for more, less in pairwise(sizes))
    assert sizes[-1] > 0


def test_a_photo_is_no_less_sharp_where_nothing_is_dreamt():
    """They judge what is added, and not the photo."""
    heavy = replace(STILL, step_size=0, tv=9, l2=50, smooth=4, clip_norm=0.9, clip_contribution=0.9)
    assert np.abs(added(heavy, live=False)).max() == 0

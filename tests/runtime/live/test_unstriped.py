"""Stripes are found beside the show, and softened in it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from livedream.runtime.live.composing import HostCompositor
from livedream.runtime.live.limiting import Limiting
from livedream.runtime.live.unstriped import Unstriped
from livedream.runtime.safety.pattern import DANGEROUS, stripes
from livedream.runtime.safety.pixels import Processor
from tests.runtime.safety import vectors

PIXELS = Processor()
BARS = vectors.bars(12, 0.4)(0)


@pytest.fixture
def unstriped():
    return Unstriped(lambda job: job())


def test_bars_fade_where_it_is_wanted(unstriped):
    shown = [unstriped.softened(PIXELS, BARS, time, True) for time in np.arange(0, 3, 1 / 25)]
    assert shown[0] is BARS
    assert stripes(shown[-1]).share <= DANGEROUS
    steps = [np.abs(a.astype(int) - b).max() for a, b in pairwise(shown)]
    assert max(steps) < 16  # Nothing that could flash.
    back = [unstriped.softened(PIXELS, BARS, time, False) for time in np.arange(3, 5, 1 / 25)]
    assert np.array_equal(back[-1], BARS)


def test_a_picture_without_stripes_is_left_as_it_is(unstriped):
    clouds = vectors.plain(vectors.WHITE)
    assert all(unstriped.softened(PIXELS, clouds, time, True) is clouds for time in (0.0, 0.6, 1.2))


def test_the_thread_beside_the_show_finds_them_too():
    unstriped = Unstriped()
    for time in (0.0, 1.0):
        unstriped.softened(PIXELS, BARS, time, True)
        assert unstriped._judged
        unstriped._judged.result(10)
    unstriped.softened(PIXELS, BARS, 1.1, True)
    assert not np.array_equal(unstriped.softened(PIXELS, BARS, 2.0, True), BARS)
    unstriped.close()


def test_only_the_strict_limit_softens():
    for mode, changed in (("standard", False), ("strict", True)):
        limiting = Limiting()
        for step in range(60):
            time = step / 20
            shown, _ = limiting.limited(HostCompositor(), BARS, BARS, mode, False, (time, time))
            if limiting._stripes._judged:
                limiting._stripes._judged.result(10)
        limiting.close()
        assert (not np.array_equal(shown, BARS)) == changed

"""Late by chance, or for good."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.frame import Frame
from livedream.runtime.live.capture import SHOWN
from livedream.runtime.live.keeping_up import KeepingUp
from livedream.runtime.live.loop import Dreamt
from livedream.runtime.live.presenter import Presenter
from livedream.runtime.slot import Slot
from livedream.runtime.stats import Stats

PICTURE = np.full((48, 64, 3), 90, np.uint8)


def frame(index: int, rate: float = 30) -> Frame:
    return Frame(PICTURE, index / rate, index)


def made(seconds: list[float], step: int = 1) -> KeepingUp:
    """Pictures that took so long, of every `step`th frame from a camera of 30 a second."""
    keeping_up = KeepingUp()
    for index, each in enumerate(seconds):
        keeping_up.made(frame(index * step), each)
    return keeping_up


def test_nobody_keeps_up_before_it_is_known():
    assert not KeepingUp()
    assert not made([0.001])


@pytest.mark.parametrize("step", [1, 2])
def test_the_average_counts_whichever_frames_were_seen(step):
    assert made([0.02] * 10, step)
    assert not made([0.04] * 10, step)


def test_one_that_takes_long_changes_nothing_and_many_do():
    assert made([0.02] * 60 + [0.2])
    assert not made([0.02] * 60 + [0.05] * 60)
    assert made([0.05] * 60 + [0.02] * 120)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_who_keeps_up_shows_the_frame_before_too_and_who_does_not_the_newest(seconds):
    camera: Slot[Frame] = Slot(SHOWN)
    desk = Desk({"block": 1}, {"layers": "block", "flash_limit": "off"})
    presenter = Presenter(camera, Slot(), desk, Stats())
    first = frame(0)
    assert presenter._made(Dreamt(PICTURE, PICTURE, 0.0, {"camera": 1.0}, first), first)
    for index in range(2):
        presenter._keeping_up.made(frame(index), seconds)
    for index in (2, 3):
        camera.put(frame(index))
    shown = presenter._next()
    assert shown
    assert shown.time == frame(3 if seconds else 2).time

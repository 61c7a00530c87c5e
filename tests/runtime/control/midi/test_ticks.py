from __future__ import annotations

import random

import pytest

from livedream.runtime.control.midi.decoder import Beat, Place
from livedream.runtime.control.midi.ticks import ENOUGH, FITTED, GAP, TICKS, ClockFit
from livedream.runtime.control.tempo import Tempo


def ticks(clock: ClockFit, bpm: float, count: int, start: float = 50.0, jitter: float = 0.0):
    """What it says after each of them."""
    draw, said = random.Random(2), []
    for n in range(count):
        time = start + n * 60 / bpm / TICKS + draw.uniform(-jitter, jitter)
        said.append(clock.heard(Beat("tick", time)))
    return said


def test_the_next_tick_after_start_is_beat_zero():
    clock = ClockFit()
    clock.heard(Beat("start", 49.99))
    tempo = ticks(clock, 126, 200)[-1]
    assert tempo is not None
    assert tempo.bpm == pytest.approx(126)
    assert tempo.beats(50) == pytest.approx(0, abs=1e-6)


def test_nothing_is_told_before_there_are_enough():
    said = ticks(ClockFit(), 120, ENOUGH)
    assert said[:-1] == [None] * (ENOUGH - 1)
    assert said[-1] is not None


def test_jitter_hardly_moves_it():
    said = ticks(ClockFit(), 128, 2000, jitter=0.004)[FITTED:]
    assert max(abs(each.bpm - 128) for each in said) < 0.5
    assert max(abs(each.beats(50) - round(each.beats(50))) for each in said) < 0.2


def test_a_change_of_tempo_is_followed_within_four_beats():
    clock = ClockFit()
    ticks(clock, 120, 200)
    last = 50 + 199 * 60 / 120 / TICKS
    tempo = ticks(clock, 140, FITTED + 1, start=last + 60 / 140 / TICKS)[-1]
    assert tempo.bpm == pytest.approx(140, abs=0.5)


def test_it_goes_on_from_the_place_that_is_said_and_after_a_gap():
    clock = ClockFit()
    ticks(clock, 120, 100)
    clock.heard(Place(4 * TICKS))
    clock.heard(Beat("continue", 60))
    begin = 60 + GAP
    assert ticks(clock, 100, ENOUGH - 1, start=begin)[-1] is None  # The gap began anew.
    tempo = ticks(clock, 100, 50, start=begin + (ENOUGH - 1) * 60 / 100 / TICKS)[-1]
    assert tempo.bpm == pytest.approx(100)
    assert tempo.beats(begin) == pytest.approx(4)


def test_a_start_in_the_middle_keeps_the_tempo_and_sets_the_place():
    clock = ClockFit()
    ticks(clock, 120, 100)
    clock.heard(Beat("start", 52.07))
    begin = 50 + 100 * 60 / 120 / TICKS
    tempo = ticks(clock, 120, 1, start=begin)[-1]
    assert tempo is not None
    assert tempo.bpm == pytest.approx(120)
    assert tempo.beats(begin) == pytest.approx(0, abs=1e-6)


def test_what_is_no_music_says_nothing():
    assert ticks(ClockFit(), 4000, 100)[-1] is None
    clock = ClockFit()
    assert [clock.heard(Beat("tick", 5.0)) for _ in range(100)][-1] is None
    assert isinstance(ticks(clock, 120, 100)[-1], Tempo)

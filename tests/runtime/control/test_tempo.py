from __future__ import annotations

import random

import pytest

from livedream.runtime.control.tempo import BAR, FASTEST, PAUSE, SLOWEST, Tempo


def test_beats_run_on_and_back():
    tempo = Tempo(120, time=10, beat=4)
    assert [tempo.beats(time) for time in (10, 10.5, 9, 12.25)] == [4, 5, 2, 8.5]
    assert [tempo.when(beat) for beat in (4, 5, 0)] == [10, 10.5, 8]


def test_faster_and_slower_without_a_jump_and_within_bounds():
    tempo = Tempo(120, time=10, beat=4).at_bpm(60, 11)
    assert (tempo.beats(11), tempo.beats(12)) == (6, 7)
    assert tempo.at_bpm(1e9, 11).bpm == FASTEST
    assert tempo.at_bpm(0, 11).bpm == SLOWEST


def test_nudged_beats_come_later_by_so_much():
    assert Tempo(120, 10).nudged(0.02).when(3) == pytest.approx(Tempo(120, 10).when(3) + 0.02)


@pytest.mark.parametrize(
    ("every", "time", "due"),
    [
        (1, 10.1, 10.5),
        (1, 10.5, 10.5),
        (4, 10.1, 12),
        (4, 12.0, 12.0),
        (16, 10.1, 18),
        (4, 9.9, 10),
    ],
)
def test_the_next_beat_bar_and_four_bars(every, time, due):
    assert Tempo(120, time=10).next(every, time) == pytest.approx(due)


def test_a_beat_that_was_just_reached_counts_whatever_the_digits_say():
    tempo = Tempo(126.3, time=0.1)
    for beat in range(1, 2000):
        assert tempo.next(1, tempo.when(beat)) == pytest.approx(tempo.when(beat))


def taps(bpm: float, count: int, jitter: float = 0.0, seed: int = 1) -> list[float]:
    draw = random.Random(seed)
    return [100 + n * 60 / bpm + draw.uniform(-jitter, jitter) for n in range(count)]


def test_taps_set_tempo_and_beat_and_the_first_one_the_bar():
    tapped = taps(96, 6)
    tempo = Tempo(120, 0).tapped(tapped)
    assert tempo.bpm == pytest.approx(96)
    assert tempo.when(0) == pytest.approx(100)
    assert tempo.beats(tapped[-1]) == pytest.approx(5)


def test_one_tap_keeps_the_tempo_and_begins_a_bar():
    tempo = Tempo(133, 0).tapped([50.0])
    assert (tempo.bpm, tempo.beats(50.0)) == (133, 0)


def test_two_taps_are_a_tempo():
    tempo = Tempo(133, 0).tapped([50.0, 50.6])
    assert (tempo.bpm, tempo.beats(50.6)) == (pytest.approx(100), pytest.approx(1))


def test_a_tap_after_a_pause_begins_anew():
    tapped = [*taps(90, 5), 200.0, 200.5, 201.0]
    tempo = Tempo().tapped(tapped)
    assert (tempo.bpm, tempo.beats(200.0)) == (pytest.approx(120), pytest.approx(0))
    assert tapped[5] - tapped[4] > PAUSE


@pytest.mark.parametrize("count", [9, 12, 16, 33])
def test_the_bar_stays_where_it_was_begun_however_long_one_taps(count):
    tempo = Tempo().tapped(taps(120, count))
    assert tempo.beats(100) % BAR == pytest.approx(0, abs=1e-6)


def test_shaky_hands_and_one_missed_tap_hardly_matter():
    for seed in range(20):
        assert Tempo().tapped(taps(128, 8, 0.015, seed)).bpm == pytest.approx(128, abs=4)
    missed = taps(120, 8)
    del missed[4]
    assert Tempo().tapped(missed).bpm == pytest.approx(120)
    assert Tempo().tapped(missed).beats(missed[-1]) == pytest.approx(7)

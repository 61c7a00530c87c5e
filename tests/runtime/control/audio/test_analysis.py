"""What is heard in sounds that are made here, sample by sample."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from livedream.runtime.control.audio.analysis import (
    HOP,
    RATE,
    SECOND,
    SILENCE,
    Analysis,
    Heard,
    named,
)
from livedream.runtime.control.audio.pulse import SURE, Pulse, agree, followed, pulse_of
from livedream.runtime.control.modulation import SOUNDS
from livedream.runtime.control.tempo import Tempo


def hear(*parts: np.ndarray) -> list[Heard]:
    return list(Analysis().feed(np.concatenate(parts).astype(np.float32)))


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def tone(hertz: float, seconds: float, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def noise(decibels: float, seconds: float) -> np.ndarray:
    return 10 ** (decibels / 20) * np.random.default_rng(1).standard_normal(round(seconds * RATE))


def drum(bpm: float, seconds: float, amplitude: float = 0.5, late: float = 0.0) -> np.ndarray:
    """A kick on every beat, the first one after `late` seconds."""
    sound = silence(seconds)
    time = np.arange(2000) / RATE
    kick = np.exp(-60 * time) * np.sin(2 * np.pi * 90 * time)
    kick += 0.3 * np.exp(-200 * time) * np.random.default_rng(0).standard_normal(2000)
    for beat in range(int((seconds - late) * bpm / 60) + 1):
        start = round((late + beat * 60 / bpm) * RATE)
        part = kick[: max(0, len(sound) - start)]
        sound[start : start + len(part)] += amplitude * part
    return sound


def onsets(heard: list[Heard]) -> list[float]:
    """When they were, in seconds."""
    return [(place + 1) * HOP / RATE for place, each in enumerate(heard) if each.onset == 1]


def fluxes(heard: list[Heard]) -> np.ndarray:
    return np.array([each.flux for each in heard])


def test_silence_is_silence_and_not_noise():
    assert set(hear(silence(2))) == {SILENCE}
    assert set(hear(noise(-75, 2))) == {SILENCE}
    assert max(each.level for each in hear(noise(-52, 5))) < 0.2
    assert pulse_of(fluxes(hear(silence(8)))) is None
    assert pulse_of(fluxes(hear(noise(-75, 8)))) is None


def test_every_hop_is_heard_in_whatever_pieces_it_comes():
    sound = (drum(120, 3) + noise(-40, 3)).astype(np.float32)
    whole = hear(sound)
    assert len(whole) == len(sound) // HOP
    analysis, at, pieces = Analysis(), 0, []
    for size in np.random.default_rng(2).integers(1, 3000, 200):
        pieces += analysis.feed(sound[at : at + size])
        at += size
    assert pieces == whole


@pytest.mark.parametrize(("hertz", "band"), [(80, "low"), (800, "mid"), (6000, "high")])
def test_a_tone_is_in_its_band_alone(hertz, band):
    last = hear(tone(hertz, 2))[-1]
    assert last.level == pytest.approx(1, abs=0.02)
    for name in ("low", "mid", "high"):
        assert getattr(last, name) == pytest.approx(float(name == band), abs=0.05)


def test_loud_and_soft_music_move_alike():
    loud, soft = hear(drum(120, 20, 0.8)), hear(drum(120, 20, 0.1))
    for name in ("level", "low"):
        a, b = (max(getattr(each, name) for each in heard[-200:]) for heard in (loud, soft))
        assert (a, b) == (pytest.approx(1, abs=0.05), pytest.approx(1, abs=0.05))


def test_the_gain_comes_back_after_something_loud():
    heard = hear(tone(800, 1, 0.9), tone(800, 30, 0.09))
    assert heard[round(2 * SECOND)].level < 0.2
    assert heard[-1].level > 0.9


def test_a_value_rises_at_once_and_falls_softly_to_nothing():
    heard = hear(silence(1), tone(800, 1), silence(2))
    levels = [each.level for each in heard]
    begin = round(SECOND)
    assert max(levels[: begin - 4]) == 0
    assert levels[begin + 4] > 0.9
    falling = levels[round(2 * SECOND) + 4 : round(2 * SECOND) + 60]
    assert all(after <= before for before, after in itertools.pairwise(falling))
    assert levels[-1] == 0


def test_each_kick_is_one_onset_in_time():
    heard = onsets(hear(silence(1), drum(100, 6)))
    beats = [1 + beat * 0.6 for beat in range(10)]
    assert len(heard) == 10
    assert max(abs(one - other) for one, other in zip(heard, beats, strict=True)) < 0.03


def test_a_steady_tone_and_noise_have_no_onsets():
    assert len(onsets(hear(tone(440, 6)))) <= 1
    assert len(onsets(hear(noise(-20, 6)))) <= 2


@pytest.mark.parametrize("bpm", [75, 90, 100, 120, 128, 140, 174])
@pytest.mark.parametrize("late", [0.0, 0.17])
def test_the_beat_of_a_drum(bpm, late):
    pulse = pulse_of(fluxes(hear(drum(bpm, 10, late=late) + noise(-35, 10))))
    assert pulse
    assert pulse.bpm == pytest.approx(bpm, rel=0.003)
    assert pulse.confidence > 0.8
    ago = (10 - late) % (60 / bpm)
    apart = (pulse.ago - ago + 30 / bpm) % (60 / bpm) - 30 / bpm
    assert abs(apart) < 0.02


def test_what_has_no_beat_is_not_sure_of_one():
    for sound in (noise(-20, 10), tone(440, 10)):
        pulse = pulse_of(fluxes(hear(sound)))
        assert pulse is None or pulse.confidence < SURE
    steps = np.cumsum(np.random.default_rng(4).uniform(0.15, 1.2, 14))
    irregular = sum(np.roll(drum(1, 10), round(each * RATE)) for each in steps[steps < 9])
    pulse = pulse_of(fluxes(hear(np.asarray(irregular))))
    assert pulse is None or pulse.confidence < 0.6


def test_the_tempo_is_brought_to_what_is_heard_without_losing_count():
    tempo = Tempo(119, 0.0, 0.0)
    new = followed(tempo, Pulse(120, 0.1, 1), 10.1)
    assert (new.bpm, new.time) == (120, 10.0)
    assert new.beat == 20
    assert followed(Tempo(60, 0, 0), Pulse(120, 0, 1), 5).bpm == 60
    assert followed(Tempo(242, 0, 0), Pulse(120, 0, 1), 5).bpm == 240
    assert followed(Tempo(100, 0, 0), Pulse(120, 0, 1), 5).bpm == 120


def test_two_looks_agree_where_both_are_sure_of_the_same():
    assert agree(Pulse(120, 0, 0.9), Pulse(121, 0.3, 0.9))
    assert not agree(Pulse(120, 0, 0.9), Pulse(130, 0, 0.9))
    assert not agree(Pulse(120, 0, 0.9), Pulse(120, 0, 0.2))


def test_every_sound_has_its_number():
    assert set(named(SILENCE)) == set(SOUNDS)

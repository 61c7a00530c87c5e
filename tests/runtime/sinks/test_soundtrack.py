"""Sound stays beside its pictures, whatever the card's clock and a busy machine do to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from livedream.runtime.control.audio.analysis import RATE
from livedream.runtime.sinks.soundtrack import BEHIND, STEEPEST, TAPS, Sound, Soundtrack, _Stretch

START = 777.0
BLOCK = RATE // 100
EARLY = 0.5
"""Seconds that a card runs before the recording begins."""


def card(seconds: float, drift: float, seed: int = 0) -> Iterator[tuple[np.ndarray, float]]:
    """What a sound card gives: blocks of 10 ms by its own quartz, some of them late. A click is
    made at every second of the true time."""
    rng = np.random.default_rng(seed)
    own = RATE * (1 + drift)
    number, newest = 0, 0.0
    while number * BLOCK / own < seconds + EARLY:
        times = (number * BLOCK + np.arange(BLOCK)) / own - EARLY
        clicks = (np.floor(times) != np.floor(times - 1 / own)) & (times > 0.5)
        samples = np.repeat(clicks[:, None], 2, 1).astype(np.float32)
        late = rng.exponential(0.003) + (0.2 if rng.random() < 0.002 else 0)
        newest = max(newest, START + times[-1] + late)
        yield samples, newest
        number += 1


def clicks_of(track: np.ndarray) -> np.ndarray:
    """Seconds of the clicks."""
    places = np.flatnonzero(np.abs(track[:, 0]) > 0.3)
    return places[np.insert(np.diff(places) > RATE // 2, 0, True)] / RATE


@pytest.mark.parametrize("drift", [2e-3, -2e-3, 0.0])
def test_what_another_clock_heard_stays_beside_the_pictures(drift):
    track = Soundtrack(START)
    parts = [track.feed(Sound(samples, end)) for samples, end in card(20, drift)]
    clicks = clicks_of(np.concatenate(parts))
    assert len(clicks) >= 19
    assert np.abs(clicks - np.round(clicks)).max() < 0.02
    assert len(set(np.round(clicks))) == len(clicks), "each once"


def test_what_came_before_the_start_is_left_out_and_what_is_exact_stays_to_the_bit():
    rng = np.random.default_rng(1)
    sound = rng.uniform(-1, 1, (RATE, 2)).astype(np.float32)
    track = Soundtrack(START)
    out = [
        track.feed(Sound(sound[first:last], START - 0.25 + last / RATE, exact=True))
        for first, last in ((0, 8000), (8000, 20000), (20000, RATE))
    ]
    assert not len(out[0])
    heard = np.concatenate(out)
    np.testing.assert_array_equal(heard, sound[RATE // 4 :][: len(heard)])
    assert len(heard) > RATE * 3 // 4 - 20


def test_a_silent_input_is_silence_and_comes_back_where_it_belongs():
    track = Soundtrack(START)
    parts = []
    for samples, end in card(20, 0.0):
        if 5.2 < end - START < 12.7:
            if round((end - START) * 100) % 4 == 0:
                parts.append(track.until(end))
            continue
        parts.append(track.feed(Sound(samples, end)))
    clicks = clicks_of(np.concatenate(parts))
    assert np.round(clicks).tolist() == [1, 2, 3, 4, 5, *range(13, 20)]
    assert np.abs(clicks - np.round(clicks)).max() < 0.02


def test_while_nothing_lacks_no_silence_is_given():
    track = Soundtrack(START)
    assert track.until(START + BEHIND).shape == (0, 2)
    track.feed(Sound(np.zeros((RATE, 2), np.float32), START + 1, exact=True))
    assert track.until(START + 0.99 + BEHIND).shape == (0, 2)
    assert abs(len(track.until(START + 2 + BEHIND)) - RATE) < TAPS


def test_a_clip_that_waits_and_goes_on_is_silent_meanwhile():
    track = Soundtrack(START)
    tone = np.full((RATE // 10, 2), 0.5, np.float32)
    out = np.concatenate([track.feed(Sound(tone, START + end, exact=True)) for end in (0.1, 0.35)])
    loud = np.flatnonzero(out[:, 0] > 0.1)
    pause = int(np.argmax(np.diff(loud)))
    assert loud[pause] / RATE == pytest.approx(0.1, abs=1e-3)
    assert loud[pause + 1] / RATE == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("factor", [1 + STEEPEST, 1 - STEEPEST])
@pytest.mark.parametrize("hertz", [440, 5000, 9000])
def test_a_tone_that_is_stretched_is_the_same_tone_60_db_above_what_it_adds(hertz, factor):
    turn = 2 * np.pi * hertz / RATE
    tone = np.sin(turn * np.arange(RATE // 4))[:, None].repeat(2, axis=1).astype(np.float32)
    stretch = _Stretch()
    heard = np.concatenate(
        [stretch.feed(tone[at : at + BLOCK], factor) for at in range(0, len(tone), BLOCK)]
    )
    assert 0 <= len(tone) * factor - len(heard) <= TAPS // 2  # Those wait for what follows.
    wanted = np.sin(turn * np.arange(len(heard)) / factor)[:, None]
    added = (heard - wanted)[TAPS:]  # Silence comes before the first.
    assert np.sqrt((added**2).mean() / 0.5) < 1e-3

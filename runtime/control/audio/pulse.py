"""The beat of a sound, from how suddenly it changes: tempo, place and how sure that is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tempo import Tempo
from .analysis import SECOND

SLOWEST, FASTEST = 70.0, 180.0
"""Beats a minute that are looked for; between them a beat and its half are told apart."""

USUAL, SPREAD = 120.0, 0.9
"""Of two tempi that fit alike the one nearer to USUAL is heard; SPREAD in octaves."""

ALIKE = 0.04
"""How far two tempi may differ, as a share, to be the same."""

LENGTH = 6.0
"""Seconds that are looked back."""

LATE = 1.5 / SECOND
"""Seconds after it sounded that a beat stands in the spectra: their window has to reach it."""

SURE = 0.35
"""Confidence from which a beat is worth to be followed."""


@dataclass(frozen=True)
class Pulse:
    """A beat. ago: seconds since the last one. confidence: 0..1."""

    bpm: float
    ago: float
    confidence: float


def pulse_of(fluxes: np.ndarray) -> Pulse | None:
    """The beat in `fluxes`, how suddenly a sound changed in each of the newest hops; None where
    there are too few of them, or nothing but silence."""
    if len(fluxes) < LENGTH * SECOND:
        return None
    envelope = np.asarray(fluxes, np.float64)[-round(LENGTH * SECOND) :]
    envelope = np.maximum(envelope - _smooth(envelope, round(SECOND / 2)), 0)
    # An onset is as wide as the window that hears it; a little wider it bears a human's beat.
    envelope = _smooth(envelope, 3)
    if envelope.max() < 1e-3:
        return None
    likeness = _likeness(envelope - envelope.mean())
    lags = np.arange(int(SECOND * 60 / FASTEST), int(SECOND * 60 / SLOWEST) + 2)
    liking = np.exp(-0.5 * (np.log2(60 * SECOND / lags / USUAL) / SPREAD) ** 2)
    # A beat comes again after two and four of it.
    support = likeness[lags] + 0.5 * likeness[2 * lags] + 0.25 * likeness[4 * lags]
    best = int(lags[np.argmax(support * liking)])
    # Four beats apart the place of the peak is four times as exact.
    lag = _peak(likeness, 4 * best, 4) / 4
    confidence = float(np.clip(likeness[best], 0, 1))
    return Pulse(float(60 * SECOND / lag), _ago(envelope, lag), confidence)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    return np.convolve(values, np.ones(width) / width, mode="same")


def _likeness(values: np.ndarray) -> np.ndarray:
    """How like itself it is so many hops later, 1 for the same; long lags have fewer to compare."""
    count = len(values)
    spectrum = np.fft.rfft(values, 2 * count)
    both = np.fft.irfft(spectrum * spectrum.conj())[:count]
    overlap = np.arange(count, 0, -1) / count
    return both / max(both[0], 1e-12) / np.maximum(overlap, 0.25)


def _peak(values: np.ndarray, near: int, reach: int) -> float:
    """Where the highest of `values` around `near` is, between the samples."""
    place = near - reach + int(np.argmax(values[near - reach : near + reach + 1]))
    before, at, after = values[place - 1 : place + 2]
    bend = before - 2 * at + after
    return place + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def _ago(envelope: np.ndarray, lag: float) -> float:
    """Seconds since the last of the beats that fit best, every `lag` hops."""
    count = int(len(envelope) / lag)
    offsets = np.arange(0, lag, 0.25)
    places = len(envelope) - 1 - (offsets[:, None] + lag * np.arange(count)[None])
    levels = np.interp(places, np.arange(len(envelope)), envelope)
    return float(offsets[np.argmax(levels.sum(1))]) / SECOND + LATE


def followed(tempo: Tempo, pulse: Pulse, now: float) -> Tempo:
    """`tempo` brought to the beat that is heard at `now`, seconds. Beats go on being counted, and
    who plays at half or twice the tempo goes on doing so."""
    bpm = next(
        (
            pulse.bpm * times
            for times in (1.0, 0.5, 2.0)
            if abs(pulse.bpm * times / tempo.bpm - 1) < ALIKE
        ),
        pulse.bpm,
    )
    time = now - pulse.ago
    return Tempo(bpm, time, float(round(tempo.beats(time))))


def agree(one: Pulse, other: Pulse) -> bool:
    """Whether both are the same beat, heard twice, and sure."""
    sure = min(one.confidence, other.confidence) >= SURE
    return sure and abs(one.bpm / other.bpm - 1) < ALIKE

"""What a sound is like, as a few numbers that follow it: loudness by bands, onsets.

Pure over arrays: the time is how many samples were given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..modulation import SOUNDS

RATE = 44100
"""Samples a second."""

WINDOW, HOP = 2048, 512
"""Samples of a spectrum, and from one to the next: 46 and 12 ms."""

SECOND = RATE / HOP
"""Hops in a second."""

BANDS = {"low": (30.0, 200.0), "mid": (200.0, 2000.0), "high": (2000.0, 12000.0)}
"""Hz."""

SILENT = 10 ** (-55 / 20)
"""Loudness (root mean square, 1 is full scale) below which all is silence."""

QUIET = 10 ** (-35 / 20)
"""What is softer than this is not raised to full: hiss stays small. A gain of 32 dB at most."""

MEMORY = 10.0
"""Seconds in which the gain recovers from something loud to a factor of e."""

RELEASE = 0.15
"""Seconds in which a value falls to a factor of e; it rises at once."""

SHARP = 2.2
"""How many times as sudden as usual a change is that counts as an onset."""

APART = 0.1
"""Seconds at least between two onsets."""

FADES = 0.12
"""Seconds in which an onset fades to a factor of e."""


@dataclass(frozen=True)
class Heard:
    """What is heard at one moment, each 0..1. flux: how suddenly it changed, in any unit."""

    level: float = 0.0
    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0
    onset: float = 0.0
    flux: float = 0.0


SILENCE = Heard()


class Analysis:
    """Follows a sound. Not for two threads at once."""

    def __init__(self) -> None:
        self._samples = np.zeros(WINDOW, np.float32)
        self._pending = np.empty(0, np.float32)
        self._taper = np.hanning(WINDOW).astype(np.float32)
        frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
        self._bands = {
            name: (frequencies >= start) & (frequencies < end)
            for name, (start, end) in BANDS.items()
        }
        self._heard_band = (frequencies >= 30) & (frequencies < 12000)
        self._before = np.zeros(int(self._heard_band.sum()), np.float32)
        self._peaks = dict.fromkeys(("level", *BANDS), QUIET)
        self._fluxes: np.ndarray = np.zeros(round(SECOND), np.float32)
        self._since = APART  # Seconds since the last onset.
        self._last = SILENCE

    def feed(self, samples: np.ndarray) -> Iterator[Heard]:
        """What is heard, once every HOP. samples: float32 [n] in -1..1, any n."""
        self._pending = np.concatenate([self._pending, samples])
        while len(self._pending) >= HOP:
            hop, self._pending = self._pending[:HOP], self._pending[HOP:]
            self._samples = np.concatenate([self._samples[HOP:], hop])
            self._last = self._hear()
            yield self._last

    def _hear(self) -> Heard:
        spectrum = np.abs(np.fft.rfft(self._samples * self._taper))
        # By Parseval, of the tapered window: a sine of amplitude 1 has a loudness of 0.71.
        power = spectrum**2 * (2 / WINDOW / float((self._taper**2).sum()))
        loudness = {name: float(np.sqrt(power[band].sum())) for name, band in self._bands.items()}
        loudness["level"] = float(np.sqrt(power[self._heard_band].sum()))
        silent = loudness["level"] < SILENT
        flux = self._flux(spectrum[self._heard_band], silent)
        values = {name: self._followed(name, each, silent) for name, each in loudness.items()}
        return Heard(**values, onset=self._onset(flux), flux=flux)

    def _followed(self, name: str, loudness: float, silent: bool) -> float:
        """Loudness by its own gain: 1 is the loudest of late."""
        self._peaks[name] = max(
            loudness, QUIET, self._peaks[name] * float(np.exp(-1 / MEMORY / SECOND))
        )
        value = 0.0 if silent else loudness / self._peaks[name]
        falling = getattr(self._last, name) * float(np.exp(-1 / RELEASE / SECOND))
        value = max(value, falling)
        return value if value > 1e-3 else 0.0

    def _flux(self, spectrum: np.ndarray, silent: bool) -> float:
        """How much louder the parts of the sound became, on a scale close to the ear's."""
        scaled = np.log1p(1000 / WINDOW * spectrum)
        flux = 0.0 if silent else float(np.maximum(scaled - self._before, 0).mean())
        self._before = scaled
        return flux

    def _onset(self, flux: float) -> float:
        usual = float(self._fluxes.mean()) + float(self._fluxes.std())
        self._fluxes = np.append(self._fluxes[1:], flux)
        self._since += 1 / SECOND
        fading = self._last.onset * float(np.exp(-1 / FADES / SECOND))
        if flux > max(SHARP * usual, 0.02) and self._since >= APART:
            self._since = 0.0
            return 1.0
        return fading if fading > 1e-3 else 0.0


def named(heard: Heard) -> dict[str, float]:
    """What a modulation can be made of, by name."""
    return {name: getattr(heard, name) for name in SOUNDS}

"""The sound beside recorded pictures: what came, by whatever clock, brought to the pictures' own.

Pure over arrays: the time is what is told. A sound card counts its samples by a quartz of its own,
which is a second in an hour off ours; what it gives is stretched a little, so that each sound stays
beside its picture however long a recording lasts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from ..control.audio.analysis import RATE

TOLERANCE = 0.025
"""Seconds that a live sound may be off; what is more is not stretched away but mended at once."""

EXACT = 0.003
"""The same, where times are exact: what rounding makes of them."""

LOOK = 2.0
"""Seconds in which the block that came soonest tells when the sound is: a busy machine only ever
makes blocks late."""

RETURN = 5.0
"""Seconds in which what is off is stretched away to a factor of e."""

STEEPEST = 0.003
"""How much a sound is stretched at most: a twentieth of a semitone."""

BEHIND = 1.0
"""Seconds without sound after which it is silence."""

AT_ONCE = RATE
"""Samples that are made at a time."""


@dataclass(frozen=True)
class Sound:
    """samples: float32 [n, 2] in -1..1, RATE a second. end: when the last of them was heard, in
    seconds of the pictures' clock; `exact`, or about when they arrived."""

    samples: np.ndarray
    end: float
    exact: bool = False


class Soundtrack:
    """Gives the samples that follow, from the moment `start` on without a gap: together they are
    always as long as the time that they are for."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._written = 0
        self._stretch = _Stretch()
        self._fed = 0
        self._origins: deque[tuple[float, int]] = deque()
        """Of the newest blocks: when the first sample of all must have been, and how many each
        has."""
        self._settled = False

    def feed(self, sound: Sound) -> np.ndarray:
        """The next samples, float32 [n, 2], that come of `sound`; none where it was before the
        start."""
        count = len(sound.samples)
        end = sound.end if sound.exact else self._heard(sound.end, count)
        off = end - self._start - (self._written + count) / RATE
        mend = not self._settled or abs(off) > (EXACT if sound.exact else TOLERANCE)
        stretched = not (mend or sound.exact)
        factor = 1 + min(max(-STEEPEST, off / RETURN), STEEPEST) if stretched else 1.0
        shift = round(off * RATE) if mend else 0
        silence = np.zeros((max(0, shift), 2), np.float32)
        out = self._given(np.concatenate((silence, sound.samples[max(0, -shift) :])), factor)
        self._settled = self._settled or self._written > 0
        return out

    def until(self, time: float, behind: float = BEHIND) -> np.ndarray:
        """Silence, float32 [n, 2], where nothing came up to `behind` seconds before `time`."""
        lacking = round((time - behind - self._start) * RATE) - self._written
        if lacking <= 0:
            return np.zeros((0, 2), np.float32)
        self._settled = False
        self._origins.clear()
        return self._given(np.zeros((lacking, 2), np.float32), 1.0)

    def _given(self, samples: np.ndarray, factor: float) -> np.ndarray:
        parts = range(0, len(samples), AT_ONCE)
        given = [self._stretch.feed(samples[at : at + AT_ONCE], factor) for at in parts]
        out = np.concatenate((np.zeros((0, 2), np.float32), *given))
        self._written += len(out)
        return out

    def _heard(self, end: float, count: int) -> float:
        """When a live block of `count` samples that arrived at `end` was over."""
        self._fed += count
        self._origins.append((end - self._fed / RATE, count))
        known = sum(count for _, count in self._origins)
        while known - self._origins[0][1] >= LOOK * RATE:
            known -= self._origins.popleft()[1]
        return min(origin for origin, _ in self._origins) + self._fed / RATE


TAPS, PHASES = 16, 4096
"""Samples that a sample between them is made of, and how many places between two there are."""


def _weights() -> np.ndarray:
    """Of the samples around each place: sines that fade out, float32 [PHASES, TAPS]."""
    apart = np.arange(PHASES)[:, None] / PHASES - _REACH
    return (np.sinc(apart) * np.cos(np.pi * apart / (TAPS + 1)) ** 2).astype(np.float32)


_REACH = np.arange(TAPS) - (TAPS // 2 - 1)
_WEIGHTS = _weights()


class _Stretch:
    """Changes how many samples a sound has."""

    def __init__(self) -> None:
        self._held = np.zeros((TAPS - 1, 2), np.float32)
        self._at = float(TAPS - 1)  # Of the next sample, among those held and those to come.

    def feed(self, samples: np.ndarray, factor: float) -> np.ndarray:
        """`factor` times as many samples; to the bit the same ones while it is 1 from the first."""
        held = np.concatenate((self._held, samples.astype(np.float32, copy=False)))
        step = 1 / factor
        room = len(held) - TAPS // 2 - self._at
        places = self._at + step * np.arange(max(0, int(np.ceil(room / step))))
        before = places.astype(int)
        if factor == 1 and self._at.is_integer():
            out = held[before]
        else:
            weights = _WEIGHTS[((places - before) * PHASES).astype(int)]
            out = np.einsum("nt,ntc->nc", weights, held[before[:, None] + _REACH])
        following = self._at + step * len(places)
        kept = min(len(held), max(0, int(following) - TAPS // 2 + 1))
        self._held, self._at = held[kept:], following - kept
        return out

"""One clock of beats: set, tapped, nudged. Pure: every time is given, in seconds of one clock."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SLOWEST, FASTEST = 20.0, 400.0
"""Beats a minute."""

BAR = 4
"""Beats of a bar."""

PAUSE = 2.0
"""Seconds without a tap after which the next one begins anew; a gap of SLOWEST is longer, and is
set by hand."""

TAPS = 8
"""Taps that count; the median of their gaps bears one or two that were missed."""


@dataclass(frozen=True)
class Tempo:
    """Beats run on for ever: at `time` it was beat `beat`, and there are `bpm` of them a minute.

    Beat 0 begins a bar, as does every fourth one from there.
    """

    bpm: float = 120.0
    time: float = 0.0
    beat: float = 0.0

    def beats(self, time: float) -> float:
        """How many beats have passed at `time`; whole at a beat."""
        return self.beat + (time - self.time) * self.bpm / 60

    def when(self, beat: float) -> float:
        """The time of `beat`."""
        return self.time + (beat - self.beat) * 60 / self.bpm

    def at_bpm(self, bpm: float, time: float) -> Tempo:
        """Faster or slower from `time` on, without a jump."""
        return Tempo(min(max(bpm, SLOWEST), FASTEST), time, self.beats(time))

    def times(self, factor: float) -> Tempo:
        """So many beats for each one; beat 0 stays where it is."""
        return Tempo(self.bpm * factor, self.time, self.beat * factor)

    def nudged(self, seconds: float) -> Tempo:
        """The same beats, each so much later."""
        return Tempo(self.bpm, self.time + seconds, self.beat)

    def next(self, every: int, time: float) -> float:
        """The time of the first beat from `time` on that `every` divides; `time` itself at one."""
        beats = self.beats(time)
        ahead = -beats % every
        # A beat that was just reached is not awaited for a whole round.
        return time if min(ahead, every - ahead) < 1e-6 else self.when(beats + ahead)

    def tapped(self, taps: Sequence[float]) -> Tempo:
        """As the `taps`, times in order, say; only those count that follow the last pause.

        One tap is the beginning of a bar; from the second on they set the tempo and the beat, and
        keep the bar that the first one began.
        """
        counted = following(taps)
        last = counted[-1]
        if len(counted) < 2:
            return Tempo(self.bpm, last, 0.0)
        gaps = [after - before for before, after in itertools.pairwise(counted)]
        gap = statistics.median(gaps)
        bpm = min(max(60 / gap, SLOWEST), FASTEST)
        return Tempo(bpm, last, float(round((last - counted[0]) / gap)))


def following(taps: Sequence[float]) -> list[float]:
    """Those of the `taps` that follow the last pause, at most TAPS of them; and a multiple of bars
    after the first one, where there were more, so that the bar stays where it was begun."""
    begin = max(
        (place for place in range(1, len(taps)) if taps[place] - taps[place - 1] > PAUSE), default=0
    )
    counted = list(taps[begin:])
    while len(counted) > TAPS:
        counted = counted[BAR:]
    return counted

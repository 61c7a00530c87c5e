"""Holding the rate of the dream on a busy machine, by dreaming less finely for as long as it lasts.

The rate of what is shown is held by carrying the dream (`afterimage`); this is about the dream
itself. Only a decision: whoever dreams says what each dream took, and does what `rung` says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """A way to dream. in_turn: one octave a frame. share: of the sides of the picture that is
    dreamt. cost: about, of a dream as it was asked for. finer: with a window of finer detail."""

    in_turn: bool
    share: float
    cost: float
    finer: bool = False

    def __str__(self) -> str:
        parts = ["finer windows"] * self.finer + ["octaves in turn"] * self.in_turn
        parts += [f"{self.share:.0%} size"] * (self.share < 1)
        return ", ".join(parts) or "all as asked"


LADDER = (
    Rung(False, 1.0, 1.0),
    Rung(True, 1.0, 0.6),
    Rung(True, 0.8, 0.4),
    Rung(True, 0.6, 0.25),
)
"""Best first. Octaves in turn cost nothing to go to; another size takes sessions, which open in the
background while the dream goes on."""

FINER = Rung(False, 1.0, 1.9, finer=True)
"""Above the ladder, for whoever wants it."""

_FINER = -1
"""Its place."""

LATE = 1.0
"""Seconds that the dream is too slow before less is dreamt."""

EARLY = 4.0
"""Seconds that there would be time for more before more is dreamt."""

SPARE = 0.85
"""Of the time for one dream, what the next better rung may take."""

LONGEST_WAIT = 64.0
"""Seconds that it waits at most for more, however often more was too much."""

NEW = 0.1
"""Share of the newest dream in the average that is judged: one that was held up decides nothing."""


class Governor:
    """Steps down where dreams take longer than their rate leaves them, up where there is time.

    It steps down soon and up late; a step up that had to be taken back doubles the wait for the
    next. Clocks are given: nothing here asks for the time.
    """

    def __init__(self) -> None:
        self._at = 0
        self._last: float | None = None
        self._cost = 0.0
        self._late = self._early = 0.0
        self._wait = EARLY
        self._risen: float | None = None
        self._lowest = len(LADDER) - 1

    @property
    def rung(self) -> Rung:
        return _rung(self._at)

    def dreamt(
        self, time: float, seconds: float, hold: float, settled: bool = True, finer: bool = False
    ) -> bool:
        """One more dream was done at `time`, which took `seconds`. Whether `rung` is another now.

        hold: dreams a second; 0 has all dreamt as it was asked for. settled: whether `rung` is what
        is dreamt; while its sessions open nothing is decided. finer: whether FINER is wanted.
        """
        top = _FINER if finer else 0
        if hold <= 0 or self._at < top:
            changed, self._lowest = self._at != top, len(LADDER) - 1
            self._go(top)
            return changed
        gap = 0.0 if self._last is None else min(max(time - self._last, 0.0), 1.0)
        self._last = time
        if not settled:
            self._late = self._early = self._cost = 0.0
            return False
        self._cost = self._cost + NEW * (seconds - self._cost) if self._cost else seconds
        period = 1 / hold
        self._late = self._late + gap if self._cost > period else 0.0
        better = _rung(self._at - 1).cost / self.rung.cost if self._at > top else 0.0
        spare = self._at > top and self._cost * better < SPARE * period
        self._early = self._early + gap if spare else 0.0
        if self._late >= LATE and self._at < self._lowest:
            if self._risen is not None and time - self._risen < self._wait:
                self._wait = min(2 * self._wait, LONGEST_WAIT)
            self._risen = None
            self._go(self._at + 1)
            return True
        if self._early >= self._wait:
            self._risen = time
            self._go(self._at - 1)
            return True
        if self._risen is not None and time - self._risen > 2 * self._wait:
            self._risen, self._wait = None, EARLY  # It held.
        return False

    def refused(self) -> None:
        """What `rung` asks for cannot be had here: no lower than the one before from now on."""
        self._lowest = max(0, self._at - 1)
        self._go(self._lowest)

    def _go(self, place: int) -> None:
        self._at = place
        self._late = self._early = self._cost = 0.0


def _rung(place: int) -> Rung:
    return FINER if place == _FINER else LADDER[place]

"""Who says the beat: a hand that taps it, or a clock outside, as long as that is heard."""

from __future__ import annotations

import threading
import time as clocks
from collections import deque
from collections.abc import Callable

from ..declared import Value
from .desk import Desk
from .tempo import FASTEST, SLOWEST, TAPS, Tempo, following

NUDGE = 0.01
"""Seconds by which `earlier` and `later` move the beat."""

BEATS = ("tap", "clock", "sound")
"""Sources of a tempo that say the beat themselves, by `follow`."""

LEADS = 2.0
"""Seconds without a word after which a clock outside leads no more."""

TOLD = 0.1
"""Beats a minute by which the tempo of a clock outside changes before the desk hears of it."""


class Conductor:
    """Does what is said to those names of the group "play" that are of the beat; what it is stands
    in the desk's `tempo`. From any thread.

    say: hears what a person should know. changed: called whenever the beat is another one, in the
    thread of those who speak.
    """

    def __init__(
        self,
        desk: Desk,
        say: Callable[[str], None] = lambda text: None,
        *,
        clock: Callable[[], float] = clocks.monotonic,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk, self._say, self._clock, self._changed = desk, say, clock, changed
        self._lock = threading.Lock()
        self._taps: deque[float] = deque(maxlen=2 * TAPS)
        self._leader, self._led = "", -LEADS
        self._factor, self._shift = 1.0, 0.0
        """Beats for each of the leader's, and seconds by which they are later."""
        desk.tempo = Tempo(float(desk.base["tempo"]), clock())
        desk.on("tap", lambda *said: self._tap())
        desk.on("tempo", self._set_tempo)
        desk.on("halve", lambda value, source, seconds: self._times(0.5, source))
        desk.on("double", lambda value, source, seconds: self._times(2.0, source))
        desk.on("earlier", lambda *said: self._nudge(-NUDGE))
        desk.on("later", lambda *said: self._nudge(NUDGE))

    def lead(self, clock: str, tempo: Tempo) -> None:
        """A clock outside, by its name, says what the beat is. The first one leads for as long as
        it is heard; halved, doubled and nudged, its beats stay so."""
        now = self._clock()
        with self._lock:
            if clock != self._leader:
                if self.is_led(now):
                    return
                self._leader, self._factor, self._shift = clock, 1.0, 0.0
            self._led = now
            tempo = tempo.times(self._factor).nudged(self._shift)
        self.follow(tempo)
        if abs(tempo.bpm - float(self._desk.base["tempo"])) >= TOLD:
            self._desk.set("tempo", round(tempo.bpm, 1), "clock")

    def is_led(self, now: float) -> bool:
        """Whether a clock outside says what the beat is."""
        return now - self._led <= LEADS

    def follow(self, tempo: Tempo) -> None:
        """The beat is this one from now on. The value `tempo` is for whoever calls to say."""
        self._desk.tempo = tempo
        self._changed()

    def _by_hand(self) -> bool:
        """Whether a hand may set the beat; told where it may not."""
        if self.is_led(self._clock()):
            self._say(f"The beat is that of {self._leader}; halve, double and nudge it.")
            return False
        return True

    def _tap(self) -> None:
        if not self._by_hand():
            return
        with self._lock:
            self._taps.append(self._clock())
            taps = list(self._taps)
        tempo = self._desk.tempo.tapped(taps)
        if len(following(taps)) > 1:
            self._say(f"{tempo.bpm:.0f} beats a minute")
        self.follow(tempo)
        self._desk.set("tempo", round(tempo.bpm, 2), "tap")

    def _set_tempo(self, value: Value, source: str, seconds: float | None) -> None:
        if source not in BEATS and self._by_hand():
            self.follow(self._desk.tempo.at_bpm(float(value), self._clock()))

    def _times(self, factor: float, source: str) -> None:
        tempo = self._desk.tempo.times(factor)
        if not self.is_led(self._clock()):
            self._desk.set("tempo", tempo.bpm, source)
        elif SLOWEST <= tempo.bpm <= FASTEST:
            with self._lock:
                self._factor *= factor
            self.follow(tempo)
            self._desk.set("tempo", round(tempo.bpm, 1), "clock")

    def _nudge(self, seconds: float) -> None:
        with self._lock:
            self._shift += seconds
        self.follow(self._desk.tempo.nudged(seconds))

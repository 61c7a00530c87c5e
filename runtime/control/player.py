"""Plays presets on the desk: recalls and the ways out of them, cues, and what goes on by itself."""

from __future__ import annotations

import random
import threading
import time as clocks
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from ..declared import Value
from ..errors import LivedreamError, UsageError
from .conductor import Conductor
from .cues import found
from .desk import Desk
from .moment import Values
from .playing import WAITS
from .presets import Preset, recall, stored
from .shelf import Shelf
from .tempo import BAR

STEPS_BACK = 20
"""Recalls that can be undone."""

EDITED = 0.5
"""Seconds in which what a person changed in the file of the preset that plays comes."""

LONGEST_REST = 0.5
"""Seconds between two looks at what is due, at most."""

NAMES = "player"
"""Source of the name of what plays."""

BY_ITSELF = ("auto", "cue")
"""Sources whose recalls wait for nothing more."""


@dataclass(frozen=True)
class _Armed:
    """A recall that waits until `due`, a beat that `every` divides."""

    number: int
    source: str
    seconds: float | None
    every: int
    due: float


class Player:
    """Does what is said to the names of the group "play", whoever says it; of the beat its
    `conductor` does.

    A preset that waits for its beat and is recalled again comes at once; one that fades in and is
    recalled again is there at once. Everything happens in `tick`, at times that are given, or in
    the thread of those who speak; `start` begins a thread that ticks. say: hears what a person
    should know. choose: of several numbers, the random one. ahead: seconds from when something is
    said until it is seen, as far as known: what is due is said by so much earlier, to begin in the
    picture that is seen then.
    """

    def __init__(
        self,
        desk: Desk,
        shelf: Shelf,
        say: Callable[[str], None] = lambda text: None,
        *,
        clock: Callable[[], float] = clocks.monotonic,
        choose: Callable[[list[int]], int] = random.choice,
        ahead: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.shelf = shelf
        self._desk, self._say, self._clock, self._choose = desk, say, clock, choose
        self._ahead = ahead
        self._due: float | None = None
        """When what is being done by itself shall be seen."""
        self._lock = threading.RLock()
        self._recalled: int | None = None
        self._before: deque[tuple[int | None, Preset]] = deque(maxlen=STEPS_BACK)
        self._to_store: int | None = None
        self._armed: _Armed | None = None
        self._cue: int | None = None
        self._since = clock()
        """When what plays was recalled."""
        self._wake, self._closing = threading.Event(), False
        self._thread: threading.Thread | None = None
        self.conductor = Conductor(desk, say, clock=clock, changed=self._shift_armed)
        desk.on("preset", self._recall)
        desk.on("recall", self._recall_named)
        desk.on("next", lambda value, source, seconds: self._beside(1, source, seconds))
        desk.on("previous", lambda value, source, seconds: self._beside(-1, source, seconds))
        desk.on("cut", lambda *said: self._cut())
        desk.on("undo", lambda value, source, seconds: self._undo(source))
        desk.on("store", self._store)
        desk.on("auto", lambda *said: self._rest())
        desk.on("go", lambda *said: self._go(1))
        desk.on("back", lambda *said: self._go(-1))
        desk.on(
            "learn", lambda *said: self._say("No controller is listened to; begin with --midi.")
        )

    @property
    def title(self) -> str:
        """Number and name of the preset that was recalled last, and of one that waits; empty where
        there is none."""
        number, armed = self._recalled, self._armed
        playing = "" if number is None else self._titled(number)
        if armed is None:
            return playing
        waits = next(name for name, every in WAITS.items() if every == armed.every)
        return f"{playing} > {self._titled(armed.number)} (next {waits})".lstrip()

    @property
    def coming(self) -> Values:
        """The values of the preset that comes next, as far as that is known: of one that waits, the
        next cue, or what goes on by itself in order."""
        armed, cues = self._armed, self.shelf.cues
        place = 0 if self._cue is None else self._cue + 1
        number = 0
        if armed:
            number = armed.number
        elif place < len(cues):
            with suppress(UsageError):  # Told when it is its turn.
                number = found(cues[place].preset, self.shelf.presets)
        elif self._desk.base["auto"] and self._in_order and self.shelf.presets:
            number = self._neighbour(1)
        preset = self.shelf.presets.get(number)
        return preset.values if preset else {}

    def start(self) -> Player:
        """Begin a thread that does what is due, until `close`."""
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """May be called twice, and without `start`."""
        self._closing = True
        self._wake.set()
        if self._thread:
            self._thread.join(1.0)

    def tick(self, time: float) -> float:
        """Do what is due at `time`; returns when something is next, at most LONGEST_REST later."""
        ahead = self._ahead()
        with self._lock:
            armed = self._armed
            if armed and self._shifted(armed.due) <= time + ahead:
                self._armed = None
            else:
                armed = None
        if armed:
            self._play(armed.number, armed.source, armed.seconds, self._shifted(armed.due))
        for due, deed in ((self._auto_due(), self._go_on), (self._cue_due(), lambda: self._go(1))):
            if due is not None and due <= time + ahead:
                self._due = due
                deed()
                self._due = None
        dues = [self._auto_due(), self._cue_due()]
        waiting = self._armed
        dues += [self._shifted(waiting.due)] if waiting else []
        return min((due - ahead for due in dues if due is not None), default=time + LONGEST_REST)

    def attend(self, picture: np.ndarray | None) -> None:
        """Store what was asked for, in the thread that may write files. picture: how it looks."""
        number, self._to_store = self._to_store, None
        if number is None:
            return
        old = self.shelf.presets.get(number)
        name = old.name if old else f"look {number}"
        desk = self._desk
        state = desk.unmoved(self._clock())
        preset = stored(name, state, desk.modulations, desk.parameters)
        try:
            self._say(self.shelf.keep(number, preset, picture))
        except LivedreamError as error:
            self._say(str(error))
        else:
            self._recalled = number

    def renewed(self, before: Mapping[int, Preset]) -> None:
        """The shelf was read anew; `before` is what stood there. Where the preset that plays is
        another one now, what was changed in it comes; what was touched and not changed stays."""
        number = self._recalled or 0
        old, new = before.get(number), self.shelf.presets.get(number)
        if old is None or new is None or old == new:
            return
        changed = {
            name: value for name, value in new.values.items() if old.values.get(name) != value
        }
        self._desk.fade(changed, "file", EDITED)
        if old.moves != new.moves:
            self._desk.modulate(new.moves, EDITED)

    def _shift_armed(self) -> None:
        """The beat is another one: what waits for it comes at one of the new ones."""
        with self._lock:
            if self._armed:
                due = self._desk.tempo.next(self._armed.every, self._clock())
                self._armed = replace(self._armed, due=due)
        self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            due = self.tick(self._clock())
            self._wake.wait(min(max(due - self._clock(), 0.001), LONGEST_REST))

    def _recall(self, value: Value, source: str, seconds: float | None) -> None:
        number = int(value)
        if number not in self.shelf.presets:
            self._say(f"There is no preset {number}.")
            return
        every = 0 if source in BY_ITSELF else WAITS[str(self._desk.base["wait"])]
        with self._lock:
            armed, self._armed = self._armed, None
            if every and not (armed and armed.number == number):
                due = self._desk.tempo.next(every, self._clock())
                self._armed = _Armed(number, source, seconds, every, due)
        if self._armed:
            self._wake.set()
        else:
            self._play(number, source, seconds, self._due if source in BY_ITSELF else None)

    def _recall_named(self, value: Value, source: str, seconds: float | None) -> None:
        if source == NAMES or not value:
            return
        try:
            number = found(str(value), self.shelf.presets)
        except UsageError as error:
            self._say(str(error))
        else:
            self._desk.set("preset", number, source, seconds)

    def _play(
        self, number: int, source: str, seconds: float | None, begin: float | None = None
    ) -> None:
        preset = self.shelf.presets.get(number)
        if preset is None:  # It went while it waited.
            return
        desk, now = self._desk, self._clock()
        with self._lock:
            again = number == self._recalled and seconds is None and desk.fading(now)
            if not again:
                before = stored("", desk.base, desk.modulations, desk.parameters)
                self._before.append((self._recalled, before))
            self._recalled = number
            if source not in BY_ITSELF:
                self._since = now
        recall(desk, preset, source, 0.0 if again else seconds, begin)
        desk.set("recall", preset.name, NAMES)
        if source != "auto":
            self._say(self._titled(number))
        self._wake.set()

    def _beside(self, step: int, source: str, seconds: float | None) -> None:
        number = self._neighbour(step)
        if number:
            self._desk.set("preset", number, source, seconds)

    def _neighbour(self, step: int) -> int:
        """The next preset up or down, around; 0, and told, where there is none."""
        numbers = sorted(self.shelf.presets)
        if not numbers:
            self._say("There are no presets.")
            return 0
        now = self._recalled or 0
        beyond = [each for each in numbers if (each - now) * step > 0]
        ends = numbers[0] if step > 0 else numbers[-1]
        return (min if step > 0 else max)(beyond, default=ends)

    def _cut(self) -> None:
        with self._lock:
            armed, self._armed = self._armed, None
        if armed:
            self._play(armed.number, armed.source, 0.0)
        self._desk.cut()

    def _undo(self, source: str) -> None:
        with self._lock:
            self._armed = None
            if not self._before:
                self._say("There is nothing to undo.")
                return
            self._recalled, before = self._before.pop()
        recall(self._desk, before, source, 0.0)
        self._say(f"Back to {self.title or 'the beginning'}")

    def _store(self, value: Value, source: str, seconds: float | None) -> None:
        if int(value):
            self._to_store = int(value)

    # By itself.

    def _rest(self) -> None:
        self._since = self._clock()
        self._wake.set()

    @property
    def _in_order(self) -> bool:
        return self._desk.base["auto_order"] != "random"

    def _auto_due(self) -> float | None:
        base = self._desk.base
        if not base["auto"]:
            return None
        return self._after(float(base["auto_every"]), str(base["auto_unit"]))

    def _go_on(self) -> None:
        self._since = self._auto_due() or self._clock()
        if self._in_order:
            number = self._neighbour(1)
        else:
            others = [each for each in self.shelf.presets if each != self._recalled]
            number = self._choose(others) if others else 0
        # Where the program slept, such as a laptop does, one of them comes and not all at once.
        self._since = max(self._since, self._clock() - 1.0)
        if number:
            self._desk.set("preset", number, "auto")

    def _cue_due(self) -> float | None:
        cues, place = self.shelf.cues, self._cue
        if place is None or place + 1 >= len(cues):
            return None
        stays = cues[place].stays
        return None if stays is None else self._after(stays, cues[place].unit)

    def _go(self, step: int) -> None:
        cues = self.shelf.cues
        place = (-1 if self._cue is None else self._cue) + step
        if not 0 <= place < len(cues):
            ends = "last" if step > 0 else "first"
            self._say(f"That was the {ends} cue." if cues else "The show has no cues.")
            return
        due = self._cue_due()
        cue, self._cue = cues[place], place
        now = self._clock()
        self._since = (
            due if step > 0 and due is not None and now - 1.0 < due <= now + self._ahead() else now
        )
        try:
            number = found(cue.preset, self.shelf.presets)
        except UsageError as error:
            self._say(str(error))
        else:
            self._desk.set("preset", number, "cue", cue.fade)

    def _after(self, count: float, unit: str) -> float:
        """The time `count` units after what plays was recalled; of beats and bars, at one."""
        if unit == "seconds":
            return self._since + count
        tempo, beats = self._desk.tempo, BAR if unit == "bars" else 1
        begun = tempo.next(beats, self._since)
        # A whole one that began just before counts as the first.
        if begun - self._since > beats * 30 / tempo.bpm:
            begun -= beats * 60 / tempo.bpm
        return self._shifted(tempo.next(beats, begun + count * beats * 60 / tempo.bpm))

    def _shifted(self, due: float) -> float:
        """When to do what shall be seen at a beat that is due."""
        return due - float(self._desk.base["offset"]) / 1000

    def _titled(self, number: int) -> str:
        preset = self.shelf.presets.get(number)
        return f"{number} {preset.name}" if preset else str(number)

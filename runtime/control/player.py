"""Plays presets on the desk: recalls and the ways out of them."""

from __future__ import annotations

import threading
import time as clocks
from collections import deque
from collections.abc import Callable

import numpy as np

from ..declared import Value
from ..errors import LivedreamError
from .desk import Desk
from .presets import Preset, recall, stored
from .shelf import Shelf

STEPS_BACK = 20
"""Recalls that can be undone."""


class Player:
    """Does what is said to `preset`, `next`, `previous`, `cut`, `undo` and `store`.

    A preset that is recalled again while it fades in is there at once. say: hears what a person
    should know.
    """

    def __init__(
        self,
        desk: Desk,
        shelf: Shelf,
        say: Callable[[str], None] = lambda text: None,
        *,
        clock: Callable[[], float] = clocks.monotonic,
    ) -> None:
        self.shelf = shelf
        self._desk, self._say, self._clock = desk, say, clock
        self._lock = threading.Lock()
        self._recalled: int | None = None
        self._before: deque[tuple[int | None, Preset]] = deque(maxlen=STEPS_BACK)
        self._to_store: int | None = None
        desk.on("preset", self._recall)
        desk.on("next", lambda *said: self._beside(1, said[1], said[2]))
        desk.on("previous", lambda *said: self._beside(-1, said[1], said[2]))
        desk.on("cut", lambda *said: desk.cut())
        desk.on("undo", lambda *said: self._undo(said[1]))
        desk.on("store", self._store)

    @property
    def title(self) -> str:
        """Number and name of the preset that was recalled last; empty where none was."""
        number = self._recalled
        return "" if number is None else self._titled(number)

    def attend(self, picture: np.ndarray | None) -> None:
        """Store what was asked for, in the thread that may write files. picture: how it looks."""
        number, self._to_store = self._to_store, None
        if number is None:
            return
        old = self.shelf.presets.get(number)
        name = old.name if old else f"look {number}"
        desk = self._desk
        preset = stored(name, desk.at(self._clock()), desk.parameters)
        try:
            self._say(self.shelf.keep(number, preset, picture))
        except LivedreamError as error:
            self._say(str(error))
        else:
            self._recalled = number

    def _recall(self, value: Value, source: str, seconds: float | None) -> None:
        number = int(value)
        preset = self.shelf.presets.get(number)
        if preset is None:
            self._say(f"There is no preset {number}.")
            return
        desk = self._desk
        with self._lock:
            again = number == self._recalled and desk.fading(self._clock()) and seconds is None
            if not again:
                self._before.append((self._recalled, stored("", desk.base, desk.parameters)))
            self._recalled = number
        recall(desk, preset, source, 0.0 if again else seconds)
        self._say(self._titled(number))

    def _beside(self, step: int, source: str, seconds: float | None) -> None:
        numbers = sorted(self.shelf.presets)
        if not numbers:
            self._say("There are no presets.")
            return
        now = self._recalled or 0
        beyond = [each for each in numbers if (each - now) * step > 0]
        ends = numbers[0] if step > 0 else numbers[-1]
        self._desk.set("preset", (min if step > 0 else max)(beyond, default=ends), source, seconds)

    def _undo(self, source: str) -> None:
        with self._lock:
            if not self._before:
                self._say("There is nothing to undo.")
                return
            self._recalled, before = self._before.pop()
        recall(self._desk, before, source, 0.0)
        self._say(f"Back to {self.title or 'the beginning'}")

    def _store(self, value: Value, source: str, seconds: float | None) -> None:
        if int(value):
            self._to_store = int(value)

    def _titled(self, number: int) -> str:
        preset = self.shelf.presets.get(number)
        return f"{number} {preset.name}" if preset else str(number)

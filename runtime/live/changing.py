"""From one source to another while the show plays: opened in the background, then faded to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from ..control.desk import Desk
from ..declared import Value
from ..errors import sentence
from ..slot import Closed
from .capture import Capture
from .reading import FIRST_FRAME, Reading, no_picture
from .sources.base import Source

MOST = 3
"""Sources that are being opened at once: one that does not answer holds up no other."""


class _Open(NamedTuple):
    name: str
    reading: Reading


class _Wish(NamedTuple):
    name: str
    seconds: float | None


class Changer:
    """Plays the source that the desk says, of those whose `names` were listed.

    The one that plays goes on until the first picture of the next is there. One that cannot be
    opened is told with a sentence, and the desk goes back to what plays. Where a source ends, or
    breaks for good, the next of the list follows that can be opened; without one the show ends.

    name: of what `capture` reads. open_source: opens one by its name, or raises; called in threads
    of its own. say: hears what a person should know.
    """

    def __init__(
        self,
        capture: Capture,
        desk: Desk,
        names: Sequence[str],
        name: str,
        open_source: Callable[[str], Source],
        say: Callable[[str], None],
    ) -> None:
        self._capture, self._desk, self._say = capture, desk, say
        self._names, self._open_source = tuple(names), open_source
        self._lock = threading.Lock()
        self._playing = _Open(name, capture.playing)
        self._left: _Open | None = None
        self._wish: _Wish | None = None
        self._opening: set[str] = set()
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._others: list[str] = []
        """Since what played has ended: those that were not yet tried in its place."""
        capture.go_on = self._follow
        desk.on("source", self._said)

    def close(self) -> None:
        """Nothing changes any more. What is still being opened is closed once it is open."""
        with self._lock:
            self._closed = True

    def _said(self, value: Value, source: str, seconds: float | None) -> None:
        """In the thread of whoever said it."""
        with self._lock:
            self._wish = _Wish(str(value), seconds)
            self._others = [each for each in self._others if each != value]
            name = self._next()
        self._capture.look()
        if name is not None:
            threading.Thread(target=self._run, args=(name,), name="source", daemon=True).start()

    def _next(self) -> str | None:
        """Which source shall be opened now, under the lock: none where it plays or still goes."""
        wish = self._wish
        if wish is None or self._closed:
            return None
        if wish.name == self._playing.name and not self._ended:
            self._wish = None
            return None
        left = self._left
        if left and left.name == wish.name and self._capture.back(left.reading, self._fade(wish)):
            self._plays(left)
            return None
        if wish.name in self._opening or len(self._opening) == MOST:
            return None  # Who opens looks again.
        self._opening.add(wish.name)
        return wish.name

    def _plays(self, now: _Open) -> None:
        self._left, self._playing = self._playing, now
        self._wish, self._ended = None, False

    def _fade(self, wish: _Wish) -> float:
        return float(self._desk.base["source_fade"]) if wish.seconds is None else wish.seconds

    def _run(self, name: str | None) -> None:
        while name is not None:
            name = self._change(name)

    def _change(self, name: str) -> str | None:
        """Opens the source and goes over to it. Returns which is to be opened next."""
        reading, trouble = None, ""
        try:
            reading = self._opened(name)
        except Exception as error:  # noqa: BLE001 - said: a source that fails is not the show
            trouble = sentence(error)
        with self._lock:
            self._opening.discard(name)
            wish = self._wish
            wanted = wish is not None and wish.name == name and not self._closed
            if wish and wanted and reading:
                self._capture.cross(reading, self._fade(wish))
                self._plays(_Open(name, reading))
            elif wanted:
                self._wish = None
            following = self._next()
        self._capture.look()
        if reading and not wanted:
            reading.close()
        if trouble and wanted:
            self._failed(name, trouble)
        return following

    def _opened(self, name: str) -> Reading:
        self._capture.settle()  # It may be one that was just left.
        source = self._open_source(name)
        reading = self._capture.read(source)
        if reading.newest.peek(FIRST_FRAME) is None:
            reading.close()
            with suppress(Closed):
                reading.newest.take(0)  # Raises what broke it.
            raise no_picture(source)
        return reading

    def _failed(self, name: str, trouble: str) -> None:
        playing = self._playing.name
        if self._ended:
            self._say(trouble)
            self._go_on(name)
            return
        # First, so that who hears it and asks anew is not overruled.
        self._desk.compare_and_set("source", name, playing, "show")
        self._say(f"{trouble} Still playing: {playing}.")

    def _follow(self, error: BaseException | None) -> bool:
        """In the thread that read it: what played has ended. Whether another one may follow."""
        with self._lock:
            playing = self._playing.name
            place = self._names.index(playing)
            others = [*self._names[place + 1 :], *self._names[:place]]
            if self._closed or not others:
                return False
            self._ended, self._error, self._others = True, error, others
            said = self._wish is not None
        if isinstance(error, Exception):
            self._say(sentence(error))
        if not said:
            self._go_on(playing)
        return True

    def _go_on(self, name: str) -> None:
        """After `name` with the next source that was not yet tried, unless somebody asks for one
        just now; without one, it is over."""
        following = next(iter(self._others), None)
        if following is not None:
            self._desk.compare_and_set("source", name, following, "show")
        else:
            self._capture.end(self._error)

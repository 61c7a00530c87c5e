"""Ableton Link: the beat that the programs on a network agree on.

It is only listened to: livedream joins the session that there is and never sets its tempo.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import LivedreamError
from .conductor import Conductor
from .tempo import BAR, Tempo

EVERY = 0.1
"""Seconds between two looks at the session."""

NEEDED = (
    "Ableton Link needs LinkPython-extern, which holds code under the GPL-2.0-or-later: "
    '`pip install "livedream[link]"`.'
)


class LinkClock:
    """Follows the session, as long as there are others in it, until `close`.

    say: hears how many there are. Raises LivedreamError where the library is missing.
    """

    def __init__(
        self, conductor: Conductor, say: Callable[[str], None] = lambda text: None
    ) -> None:
        try:
            from link import Link  # pyright: ignore[reportMissingImports]
        except ModuleNotFoundError as error:
            raise LivedreamError(NEEDED) from error
        self._conductor, self._say = conductor, say
        self._link = Link(120)
        self._clock = self._link.clock()
        self._link.enabled = True
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leaves the session. May be called twice."""
        self._closing.set()
        self._thread.join(1.0)
        self._link.enabled = False

    def _run(self) -> None:
        others = 0
        while not self._closing.wait(EVERY):
            before, others = others, self._link.numPeers()
            if others != before:
                self._say(f"Ableton Link: {others or 'no'} other{'s' * (others != 1)}")
            if others:
                self._conductor.lead("Ableton Link", self._tempo())

    def _tempo(self) -> Tempo:
        session = self._link.captureAppSessionState()
        beat = session.beatAtTime(self._clock.micros(), BAR)
        return Tempo(session.tempo(), time.monotonic(), beat)

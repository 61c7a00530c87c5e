"""The graph of a layer is made in a thread of its own: an export takes seconds, and what needs none
is opened meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .attempts import attempted
from .selection import Engines, Opening
from .wanted import Wanted


class Making:
    """Has `engines` make the graph for `wanted`. `message` is what is being done; `made` says that
    the graph lies there, `trouble` why it was in vain.

    say: hears what a person should know. ended: called in the thread when it is over.
    """

    def __init__(
        self,
        engines: Engines,
        wanted: Wanted,
        say: Callable[[str], None],
        ended: Callable[[], None],
    ) -> None:
        self.engines, self.wanted = engines, wanted
        self.message = self.trouble = ""
        self.made = False
        self.cancel = threading.Event()
        self.since = time.monotonic()
        self._say, self._ended = say, ended
        self.thread = threading.Thread(target=self._work, name="making", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        opening = Opening(self._progress, self._say, background=True, cancel=self.cancel)

        def make() -> bool:
            self.engines.make(self.wanted.objective, opening)
            return True

        made, self.trouble = attempted(make)
        if made:
            self.made = True
        elif not self.trouble:
            self.cancel.set()
        self.message = ""
        self._ended()

    def _progress(self, stage: str, part: float) -> None:
        self.message = f"{self.wanted.objective}: {stage} {part:.0%}"

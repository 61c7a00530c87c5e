"""The graph of a layer is made in a thread of its own: an export takes seconds, and what needs none
is opened meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import Cancelled, LivedreamError
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
        try:
            self.engines.make(self.wanted.objective, opening)
            self.made = True
        except Cancelled:
            self.cancel.set()
        except LivedreamError as error:
            self.trouble = str(error)
        except Exception as error:  # noqa: BLE001 - told
            self.trouble = reason_of(error)
        self.message = ""
        self._ended()

    def _progress(self, stage: str, part: float) -> None:
        self.message = f"{self.wanted.objective}: {stage} {part:.0%}"


def reason_of(error: Exception) -> str:
    """A sentence about an error that is none of ours."""
    reason = str(error).split("\n")[0][:200].rstrip(".")
    return f"It cannot be opened: {reason or type(error).__name__}."

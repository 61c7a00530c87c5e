"""The thread that reads one source."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import LivedreamError
from ..frame import Frame
from ..slot import Slot
from ..threads import READS, behind
from .sources.base import Source

Given = Callable[["Reading", Frame], None]
Ended = Callable[["Reading", "BaseException | None"], None]

FIRST_FRAME = 10.0
"""Seconds that a source has for its first frame."""


def no_picture(source: Source) -> LivedreamError:
    """What is said of a source whose first frame did not come in time."""
    return LivedreamError(
        f"{source.describe()} gave no picture within {FIRST_FRAME:.0f} seconds; check it in "
        "another program, or name another --source."
    )


class Reading:
    """Reads a source as fast as it comes, in a thread of its own.

    `newest` keeps the newest frame, and is closed at the end. A source that is not live waits after
    its first frame for `go_on`: what is opened for its size may take a while, and a short clip
    would be over by then.

    given: gets each frame, in that thread. ended: hears once that no more come, with the error
    where there was one.
    """

    def __init__(self, source: Source, given: Given, ended: Ended) -> None:
        self.source = source
        self.newest: Slot[Frame] = Slot()
        self.going = False
        """Whether `go_on` was said."""
        self._given, self._ended = given, ended
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        # A driver may block for ever inside a read: such a thread must not hold up the exit.
        self.thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> Reading:
        self.thread.start()
        return self

    def go_on(self) -> None:
        """Its first frame is used: a source that is not live runs from here on."""
        self.going = True
        self._wanted.set()

    def close(self, timeout: float = 2.0) -> bool:
        """Stops reading and closes the source. False if a read still blocked after `timeout`."""
        self._stopping.set()
        self._wanted.set()
        self.newest.close()
        self.source.close()
        if self.thread.is_alive() and self.thread is not threading.current_thread():
            self.thread.join(timeout)
        return not self.thread.is_alive()

    def _run(self) -> None:
        behind(READS)
        error: BaseException | None = None
        try:
            while not self._stopping.is_set():
                frame = self.source.read()
                if frame is None:
                    break
                self.newest.put(frame)
                self._given(self, frame)
                if not self.source.live:
                    self._wanted.wait()
        except BaseException as trouble:  # noqa: BLE001 - not swallowed: the taker gets it
            error = trouble
        self.newest.close(error)
        self._ended(self, error)

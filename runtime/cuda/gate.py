"""What must not happen at the same time: recording a CUDA graph, and what spoils a recording.

While one thread records, another may neither ask the card for memory, which opening a session
does, nor wait for an event. From CUDA's documentation of capture modes; not tried on a card.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Recordings are short (a few runs when a session is new) and everything else goes before."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._openings = 0
        self._recording = False
        self._waiting = threading.Lock()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Sessions open, several at a time; one may take minutes. Waits for a recording."""
        with self._changed:
            self._changed.wait_for(lambda: not self._recording)
            self._openings += 1
        try:
            yield
        finally:
            with self._changed:
                self._openings -= 1

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The calling thread waits for the card, for a frame at most. Waits for a recording."""
        with self._waiting:
            yield

    @contextmanager
    def recording(self) -> Iterator[bool]:
        """Whether it may be recorded now: never waits for an opening, but for who waits."""
        with self._changed:
            free = not self._openings and not self._recording
            self._recording |= free
        if not free:
            yield False
            return
        try:
            with self._waiting:
                yield True
        finally:
            with self._changed:
                self._recording = False
                self._changed.notify_all()


GATE = Gate()
"""One for the process: it is the card that is shared."""

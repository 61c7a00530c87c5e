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
        self._opening = threading.Lock()
        self._waiting = threading.Lock()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Sessions open, one at a time; that may take minutes. Waits for a recording."""
        with self._opening:
            yield

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The calling thread waits for the card, for a frame at most. Waits for a recording."""
        with self._waiting:
            yield

    @contextmanager
    def recording(self) -> Iterator[bool]:
        """Whether it may be recorded now: never waits for an opening, but for who waits."""
        free = self._opening.acquire(blocking=False)
        try:
            if free:
                with self._waiting:
                    yield True
            else:
                yield False
        finally:
            if free:
                self._opening.release()


GATE = Gate()
"""One for the process: it is the card that is shared."""

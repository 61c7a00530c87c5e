"""What must not happen at the same time: recording a CUDA graph, and what spoils a recording.

onnxruntime records in CUDA's global mode: while one thread records, another may neither ask the
card for memory or give it back, which opening and ending sessions does, nor wait for an event. From
CUDA's documentation of capture modes and onnxruntime's source.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Recordings are short (a few runs when a session is new) and everything else goes before.

    Sessions may open beside each other: one that takes minutes holds up no other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._openings = self._waits = 0
        self._recording = False

    @contextmanager
    def opening(self) -> Iterator[None]:
        """A session opens; that may take minutes. Waits for a recording."""
        with self._changed:
            self._changed.wait_for(lambda: not self._recording)
            self._openings += 1
        try:
            yield
        finally:
            with self._changed:
                self._openings -= 1
                self._changed.notify_all()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The calling thread waits for the card, for a frame at most. Waits for a recording."""
        with self._changed:
            self._changed.wait_for(lambda: not self._recording)
            self._waits += 1
        try:
            yield
        finally:
            with self._changed:
                self._waits -= 1
                self._changed.notify_all()

    @contextmanager
    def recording(self) -> Iterator[bool]:
        """Whether it may be recorded now: never waits for an opening, but for who waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._openings or not (self._waits or self._recording))
            free = not self._openings
            self._recording = free
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._recording = False
                    self._changed.notify_all()


GATE = Gate()
"""One for the process: it is the card that is shared."""

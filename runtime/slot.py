"""The newest items and nothing older: how threads hand frames to each other without a queue."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

from .errors import LivedreamError

T = TypeVar("T")


class Closed(Exception):
    """Nothing more will come out of this slot."""


class Slot(Generic[T]):
    """Holds one item, or as many as `held`. A newer one takes the place of the oldest, which is
    dropped and counted."""

    def __init__(self, held: int = 1) -> None:
        self._changed = threading.Condition()
        self._items: deque[T] = deque(maxlen=held)
        self._closed = False
        self._error: BaseException | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Items that were replaced before anybody took them."""
        return self._dropped

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, item: T) -> None:
        """Leaves `item` for the taker. After `close` it is ignored."""
        with self._changed:
            if self._closed:
                return
            self._dropped += len(self._items) == self._items.maxlen
            self._items.append(item)
            self._changed.notify_all()

    def take(self, timeout: float | None = None, *, newest: bool = True) -> T | None:
        """An item, once; waits for it at most `timeout` seconds, then returns None. newest: the
        last that came, and those before it are dropped; else the first that is held.

        Raises `Closed` when the slot is closed and its last item was taken, or the error the
        slot was closed with.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            while newest and len(self._items) > 1:
                self._items.popleft()
                self._dropped += 1
            if self._items:
                return self._items.popleft()
            if self._error is not None:
                raise self._error
            if self._closed:
                raise Closed
            return None

    def peek(self, timeout: float | None = None) -> T | None:
        """The newest item, left where it is; waits as `take` does, and None where none comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            return self._items[-1] if self._items else None

    def close(self, error: BaseException | None = None) -> None:
        """Wakes everybody who waits. The first call decides which error the taker sees; where a
        library asked for the program's end, inside of a thread, that is an error like others."""
        if error is not None and not isinstance(error, Exception):
            error = LivedreamError(f"A part of the show gave up ({type(error).__name__}: {error}).")
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()

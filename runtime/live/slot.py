"""The newest item and nothing older: how threads hand frames to each other without a queue."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ..frame import Frame
    from ..stats import Stats
    from .sources.base import Source

T = TypeVar("T")


class Closed(Exception):
    """Nothing more will come out of this slot."""


class Slot(Generic[T]):
    """Holds one item. A newer one replaces it; the older one is dropped and counted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._full = False
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
            self._dropped += self._full
            self._item, self._full = item, True
            self._changed.notify_all()

    def take(self, timeout: float | None = None) -> T | None:
        """The newest item, once; waits for it at most `timeout` seconds, then returns None.

        Raises `Closed` when the slot is closed and its last item was taken, or the error the
        slot was closed with.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._full or self._closed, timeout)
            if self._full:
                item, self._item, self._full = self._item, None, False
                return item
            if self._error is not None:
                raise self._error
            if self._closed:
                raise Closed
            return None

    def close(self, error: BaseException | None = None) -> None:
        """Wakes everybody who waits. The first call decides which error the taker sees."""
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()


class Capture:
    """A thread that reads a source as fast as it comes and keeps the newest frame in `slot`.

    The source's end closes the slot; its error travels to whoever takes from the slot. A source
    that is not live waits after its first frame until a second one is asked for: what is opened
    for the size of the first may take a while, and a short clip would be over by then.
    """

    def __init__(self, source: Source, stats: Stats | None = None) -> None:
        self.source = source
        self.slot: Slot[Frame] = Slot()
        self._stats = stats
        self._stopping = threading.Event()
        self._takes = 0
        self._wanted = threading.Event()
        # A driver may block for ever inside a read: such a thread must not hold up the exit.
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> Capture:
        self._thread.start()
        return self

    def take(self, timeout: float | None = None) -> Frame | None:
        """The newest frame, or None after `timeout` seconds; raises as `Slot.take` does."""
        self._takes += 1
        if self._takes > 1:
            self._wanted.set()
        return self.slot.take(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """Stops reading and closes the source. False if a read still blocked after `timeout`."""
        self._stopping.set()
        self._wanted.set()
        self.slot.close()
        self.source.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def __enter__(self) -> Capture:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                frame = self.source.read()
                if frame is None:
                    break
                self.slot.put(frame)
                if self._stats is not None:
                    self._stats.record("capture", self.source.cost)
                if not self.source.live:
                    self._wanted.wait()
        except Exception as error:  # noqa: BLE001 - not swallowed: the taker gets it
            self.slot.close(error)
        else:
            self.slot.close()

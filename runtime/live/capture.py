"""The thread that reads a source and keeps its newest frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ..frame import Frame
from ..slot import Slot
from ..stats import Stats
from .sources.base import Source


class Capture:
    """Reads a source as fast as it comes and keeps the newest frame, once for each of two takers:
    `take` is for what dreams, `shown` for what shows.

    The source's end closes the slots; its error travels to whoever takes from them. A source that
    is not live waits after its first frame until that is taken: what is opened for its size may
    take a while, and a short clip would be over by then. A frame may be of another size than the
    one before: a camera may come back in another mode.

    through: what becomes of each frame before anybody takes it, in the thread that reads.
    """

    def __init__(self, source: Source, stats: Stats | None = None) -> None:
        self.source = source
        self.through: Callable[[Frame], Frame] = lambda frame: frame
        self.slot: Slot[Frame] = Slot()
        self.shown: Slot[Frame] = Slot()
        self.heard = time.monotonic()
        """When the newest frame came."""
        self._stats = stats
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        # A driver may block for ever inside a read: such a thread must not hold up the exit.
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> Capture:
        self._thread.start()
        return self

    def first(self, timeout: float) -> Frame | None:
        """The first frame, still to be taken; None where none came within `timeout` seconds."""
        return self.slot.peek(timeout)

    def take(self, timeout: float | None = None) -> Frame | None:
        """The newest frame, or None after `timeout` seconds; raises as `Slot.take` does."""
        frame = self.slot.take(timeout)
        if frame and not self._wanted.is_set():
            self._wanted.set()
            if not self.source.live:
                # It waited, and did not grow old meanwhile.
                return replace(frame, time=time.monotonic())
        return frame

    def close(self, timeout: float = 2.0) -> bool:
        """Stops reading and closes the source. False if a read still blocked after `timeout`."""
        self._stopping.set()
        self._wanted.set()
        self._close()
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
                self.heard = time.monotonic()
                frame = self.through(frame)
                self.slot.put(frame)
                self.shown.put(frame)
                if self._stats is not None:
                    self._stats.record("capture", self.source.cost)
                if not self.source.live:
                    self._wanted.wait()
        except BaseException as error:  # noqa: BLE001 - not swallowed: the taker gets it
            self._close(error)
        else:
            self._close()

    def _close(self, error: BaseException | None = None) -> None:
        for slot in (self.slot, self.shown):
            slot.close(error)

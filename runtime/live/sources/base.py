"""What every source is: something that yields frames in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import numpy as np

from ...frame import Frame

OnEvent = Callable[[str], None]


class Source(Protocol):
    """Frames, one after the other.

    live: the world goes on when nobody reads (camera, stream); a file or the demo waits.
    cost: seconds of work that the newest frame took (decoding, drawing), without waiting for it.
    """

    live: bool
    cost: float

    def describe(self) -> str:
        """One line for the console, such as "camera 0: 1280x720 MJPG 30 fps"."""
        ...

    def read(self) -> Frame | None:
        """The next frame; blocks until it is due. None when the source has ended or was closed.

        Raises LivedreamError when the source broke and will not come back.
        """
        ...

    def close(self) -> None:
        """Lets go of the device or file. May be called twice, and while `read` blocks elsewhere."""
        ...


class Drawn:
    """A source without end that makes its own pictures, `fps` a second or, with None, as fast as
    they are read. Whoever inherits it says how each looks.

    patience: seconds of delay that are caught up.
    """

    live = False

    def __init__(self, fps: float | None, patience: float = 0.1) -> None:
        self.cost = 0.0
        self._pacer = None if fps is None else Pacer(fps, patience=patience)
        self._stop = threading.Event()
        self._next = 0

    def picture(self, index: int) -> np.ndarray:
        """uint8 BGR [height, width, 3]: the `index`th, from 0."""
        raise NotImplementedError

    def read(self) -> Frame | None:
        if self._pacer is not None:
            self._pacer.wait(self._stop)
        if self._stop.is_set():
            return None
        start = time.monotonic()
        frame = Frame(self.picture(self._next), start, self._next)
        self._next += 1
        self.cost = time.monotonic() - start
        return frame

    def close(self) -> None:
        self._stop.set()


def safely(tell: OnEvent | None) -> OnEvent:
    """`tell`, whose failure is not that of the source: a log that is gone must not end a show."""

    def told(text: str) -> None:
        if tell is not None:
            with suppress(Exception, SystemExit):
                tell(text)

    return told


class Pacer:
    """Releases one frame every 1/fps seconds.

    After a delay it catches up with at most `patience` seconds, rather than racing through all
    that was missed.
    """

    def __init__(
        self,
        fps: float,
        *,
        patience: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 1 / fps
        self._patience = patience
        self._clock = clock
        self._due: float | None = None

    def wait(self, stop: threading.Event) -> bool:
        """Blocks until the next frame is due. False when `stop` was set meanwhile."""
        now = self._clock()
        if self._due is None or now - self._due > self._patience:
            self._due = now
        stopped = stop.wait(max(0.0, self._due - now))
        self._due += self._interval
        return not stopped

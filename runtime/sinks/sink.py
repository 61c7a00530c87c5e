"""What every way out for the picture is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..errors import LivedreamError


class Sink(ABC):
    """One way out. All calls but `abandon` come from one thread that is its own, so it may take its
    time; an `Outlet` keeps it away from the picture and opens it again when it fails.

    name: what it is called among the others. fixed: whether every picture must have the size that
    it was opened with. steady: whether it wants pictures at its rate, repeated where no new one
    came.
    """

    name: str
    fixed = False
    steady = False

    def check(self) -> None:
        """Raise LivedreamError where it cannot work on this machine: what is missing, what to do.
        A quick look that opens nothing."""
        return

    def is_available(self) -> bool:
        """Whether it can work on this machine."""
        try:
            self.check()
        except LivedreamError:
            return False
        return True

    @abstractmethod
    def open(self, size: tuple[int, int], rate: float) -> str:
        """Begin with pictures of `size`, (width, height) and even numbers where it is `fixed`, at
        about `rate` a second. Returns where it is to be found, for the person.

        Raises whatever goes wrong. After `close` it may be called again.
        """

    @abstractmethod
    def send(self, image: np.ndarray, time: float) -> None:
        """Give a picture on: uint8 BGR [height, width, 3], contiguous, not to be changed.

        time: seconds of `time.monotonic()` for which the picture stands; never goes back.
        """

    def abandon(self) -> None:
        """In another thread: the call at hand does not return, and nobody waits for it. What would
        outlive the show is ended here."""
        return

    @abstractmethod
    def close(self) -> None:
        """Let go of everything. May be called twice, and after an `open` that failed."""

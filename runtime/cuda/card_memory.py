"""Memory of a card, and what goes to it and comes from it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from ...kernels.backend import Stream
from ...kernels.launcher import Launcher
from .buffers import Buffer, HostBuffers, Pool
from .gate import Gate
from .image import CardPicture, Place, Size
from .readback import Drawn, failed

FLOAT = 4
"""Bytes of a value."""


class CardMemory:
    """The half of `CudaDevice` that computes nothing: memory from pools, copies beside the work of
    a stream, and the events that tell when something is done.

    stream: carries frames alone; sessions have others. gate: keeps waiting and the recording of
    CUDA graphs apart, as far as the launcher cannot.
    """

    def __init__(self, launcher: Launcher, gate: Gate) -> None:
        self.launcher, self.gate = launcher, gate
        self.stream = launcher.stream(urgent=True)
        self.pool = Pool(launcher, self.may_wait)
        self.host = HostBuffers(launcher, self.may_wait)
        self._copies = launcher.stream(urgent=True)
        self._events: list[Any] = []
        """Those that nobody waits for; a steady stream of frames makes no new one."""
        self._uploads: list[np.ndarray] = []
        # Of engines and images that are alive.
        self._places: weakref.WeakValueDictionary[Size, Place] = weakref.WeakValueDictionary()
        self._placing = threading.Lock()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """The card is current in the calling thread. Every thread but the one that opened the
        launcher works inside of this."""
        self.launcher.attach()
        try:
            yield
        finally:
            self.launcher.detach()

    def may_wait(self) -> AbstractContextManager[None]:
        """Inside, the calling thread may wait for the card or ask it for memory."""
        return nullcontext() if self.launcher.apart else self.gate.waiting()

    def place(self, size: Size) -> Place:
        """Where the network reads its image of this size; stays while an engine or image has it."""
        with self._placing:
            place = self._places.get(size)
            if place is None:
                place = Place(self.pool.take(3 * size[0] * size[1] * FLOAT))
                self._places[size] = place
            return place

    def send(self, array: np.ndarray, dtype: Any) -> Buffer:
        """Queue a copy of `array` to the card; the caller may change it right after."""
        host = self.pinned(array, dtype)
        buffer = self.pool.take(host.nbytes)
        self.send_to(buffer.pointer, host)
        return buffer

    def pinned(self, array: np.ndarray, dtype: Any) -> np.ndarray:
        """A copy in memory that copies to the card run from beside other work."""
        host = self.host.take(array.shape, dtype)
        np.copyto(host, array)
        return host

    def send_to(self, pointer: int, host: np.ndarray) -> None:
        """Queue the copy of a pinned array from `host.take`, which is kept until it is done."""
        self.launcher.copy_to(pointer, host, self.stream)
        # After the copy is queued: `download` relies on it.
        self._uploads.append(host)

    def join(self, stream: Stream) -> None:
        """What is queued on `stream` from now on starts after everything that is queued for frames:
        the pool gives memory again that queued work still uses."""
        self.launcher.wait(stream, self.launcher.record(self.stream))

    def copied(
        self, picture: CardPicture, drawn: Drawn | None, stream: Stream | None = None
    ) -> np.ndarray:
        """A picture in host memory, from any thread; waits for it. Raises CardError.

        drawn: None where `stream` draws it, which then copies it too.
        """
        try:
            with self.attached():
                stream = stream or self._copies
                if drawn:
                    drawn.before(self.launcher, stream)
                host = self.host.take((*picture.size, 3), np.uint8)
                self.launcher.copy_from(host, picture.buffer.pointer, stream)
                copied = self._recorded(stream)
        except Exception as error:
            raise failed(error) from error
        self.wait(copied)
        self.happened(copied)
        if drawn:
            drawn.seen(self)
        return host

    def happened(self, event: Any) -> None:
        """Nobody waits for the event any more: it is used again. From any thread."""
        self._events.append(event)

    def wait(self, event: Any) -> None:
        """Block until it has happened, in any thread. Raises CardError."""
        try:
            with self.attached(), self.may_wait():
                self.launcher.synchronize(event)
        except Exception as error:
            raise failed(error) from error

    def trim(self) -> None:
        """Give memory back that sizes no longer used took. Waits for the card."""
        # Giving memory back waits for all streams, also for one that is recorded.
        with self.gate.waiting():
            self.launcher.synchronize(self.stream)
            self.pool.trim()

    def _recorded(self, stream: Stream) -> Any:
        """An event that happens when all that is queued so far is done."""
        try:
            event = self._events.pop()
        except IndexError:
            event = None
        return self.launcher.record(stream, event)

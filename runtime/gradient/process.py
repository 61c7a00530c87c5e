"""Sessions in a process of their own. What hangs, dies, or holds Python's lock while it opens (as
onnxruntime does up to 1.30) does so there, and the picture goes on here."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError, SessionLost
from .child import KILLED, Child, Spare
from .providers import Provider
from .shared import Size

OPENING = 120.0
"""Seconds for a process to start, or to open one size."""

FIRST, FEW = 30.0, 320 * 240
"""Seconds for the first gradient at up to FEW pixels, longer in proportion for more, up to OPENING:
nobody knows whether a graph will ever be done with one."""

ANSWER, PATIENCE = 2.5, 20
"""A gradient that takes longer than ANSWER seconds, and PATIENCE times as long as usual, never
comes. A machine that is busy elsewhere may well hold one up for a second."""

LOOK = 0.05
"""Seconds between two looks at whether an answer is overdue."""


class _Overdue(SessionLost):
    """No answer came in time."""


class Sessions:
    """Sessions of one graph on one provider, one per size, in one process that starts with the
    first. From any thread; one request at a time.

    channels: of the steering's inputs, by name. spare: has a process that waits, maybe. cut: one of
    `Graph.cuts`, for what needs no more of the graph. closed: for good. Every request raises
    SessionLost where the process died or hangs: then none is open any more, and the next `open`
    starts another process.
    """

    def __init__(
        self,
        path: Path,
        provider: Provider,
        channels: Mapping[str, int],
        spare: Spare | None = None,
        cut: Mapping[str, str] | None = None,
    ) -> None:
        self._cut = cut or {}
        self._path, self._provider, self._channels = path, provider, dict(channels)
        self._spare = spare
        self._usual: dict[Size, float] = {}
        self._talking = threading.Lock()
        self._child: Child | None = None
        self._lost = self.closed = False
        self._nice: int | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None where none runs."""
        child = self._child
        return child.process.pid if child and child.alive else None

    @property
    def sizes(self) -> set[Size]:
        """(height, width) of the open ones."""
        child = self._child
        return set(self._usual) if child and child.alive else set()

    def knows(self, size: Size) -> bool:
        """Whether `run` would not be asked for a size that nobody opened; after a loss it says so
        itself."""
        return self._lost or size in self._usual

    def open(self, size: Size, steering: Mapping[str, np.ndarray]) -> None:
        """Open a session for images of `size` and run it. Raises LivedreamError as `open_session`
        does, or where no gradient comes in time; SessionLost."""
        with self._talking:
            if self._child and not self._child.alive:
                self._lose(self._child)
            child = self._child or self._start()
            child.shared.reserve(size)
            child.steer(steering)
            self._ask("open", size, OPENING)
            self._usual[size] = self._first(size)
            self._lost = False

    def run(self, image: np.ndarray, steering: Mapping[str, np.ndarray]) -> np.ndarray:
        """float32 [3, height, width], of a size that is open -> its gradient, the same shape."""
        size = image.shape[1], image.shape[2]
        with self._talking:
            usual = self._usual.get(size, 0.0)
            before = time.monotonic()
            gradient = self._compute("run", image, steering, max(ANSWER, PATIENCE * usual))
            self._usual[size] = usual + 0.1 * (time.monotonic() - before - usual)
            return gradient

    def reference(self, image: np.ndarray, steering: Mapping[str, np.ndarray]) -> np.ndarray:
        """As `run`, by onnxruntime's own kernels, opened for this once."""
        with self._talking:
            return self._compute("reference", image, steering, OPENING)

    def values(self, image: np.ndarray, outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """Of an image as for `run`, of any size, what the graph has as `outputs`, float32. Takes as
        long as to open a session, but where the last request asked for the same at this size."""
        size = image.shape[1], image.shape[2]
        with self._talking:
            child = self._child or self._start()
            child.shared.reserve(size)
            np.copyto(child.shared.images(size)[0], image)
            return self._ask("values", (size, tuple(outputs)), OPENING)

    def keep(self, sizes: Iterable[Size]) -> None:
        """Let go of the sessions of all other sizes."""
        with self._talking:
            for size in set(self._usual) - set(sizes):
                self._ask("let_go", size, OPENING)
                del self._usual[size]

    def prioritise(self, nice: int) -> None:
        """As `Child.prioritise`, of the one that runs and of those that start."""
        self._nice, child = nice, self._child
        if child:
            child.prioritise(nice)

    def close(self) -> None:
        """End the process, whatever it is at; nothing opens any more. May be called twice."""
        self.closed = True
        child = self._child
        if child:
            child.end()
        # Whoever waits for an answer hears that there is none, and lets go.
        if self._talking.acquire(timeout=KILLED):
            try:
                self._forget()
            finally:
                self._talking.release()

    def _start(self) -> Child:
        if self.closed:
            raise SessionLost("The session is closed.")
        child = self._spare.take() if self._spare else Child()
        self._child, self._finalizer = child, weakref.finalize(self, child.end)
        if self._nice is not None:
            child.prioritise(self._nice)
        if self.closed:  # meanwhile, by another thread
            child.end()
        self._wait(child, OPENING)
        try:
            child.begin(self._path, self._provider, self._channels, self._cut)
        except OSError as error:
            raise self._lose(child) from error
        self._wait(child, OPENING)
        return child

    def _first(self, size: Size) -> float:
        """The seconds that the first gradient takes, about."""
        height, width = size
        limit = min(OPENING, FIRST * max(1.0, height * width / FEW))
        try:
            return self._ask("first", size, limit)
        except _Overdue as error:
            raise LivedreamError(
                f"{self._path.name} gave no gradient of {width}x{height} within {limit:.0f} s on "
                f"{self._provider.name}: it may never end; choose a smaller --size or another file."
            ) from error

    def _forget(self) -> None:
        if self._child:
            self._finalizer.detach()
            self._child.release()
        self._child, self._usual = None, {}

    def _compute(
        self, request: str, image: np.ndarray, steering: Mapping[str, np.ndarray], limit: float
    ) -> np.ndarray:
        size = image.shape[1], image.shape[2]
        child = self._child
        if child is None or size not in self._usual:
            raise SessionLost("The process that computed the gradient is gone.")
        child.steer(steering)
        sent, computed = child.shared.images(size)
        np.copyto(sent, image)
        self._ask(request, size, limit)
        return computed.copy()

    def _ask(self, request: str, argument: Any, limit: float) -> Any:
        child = self._child
        if child is None:
            raise SessionLost("The process that computed the gradient is gone.")
        try:
            child.connection.send((request, argument))
        except OSError as error:
            raise self._lose(child) from error
        return self._wait(child, limit)

    def _wait(self, child: Child, limit: float) -> Any:
        """Only time in which this process ran counts: both may have been stopped meanwhile."""
        waited = 0.0
        try:
            while not child.connection.poll(LOOK):
                waited += LOOK
                if waited >= limit:
                    lost = self._lose(child, f"gave no answer for {waited:.0f} s")
                    raise _Overdue(str(lost))
            right, value = child.connection.recv()
        except (EOFError, OSError) as error:
            raise self._lose(child) from error
        if not right:
            raise LivedreamError(value)
        return value

    def _lose(self, child: Child, how: str = "") -> SessionLost:
        code = child.end()
        self._forget()
        self._lost = True
        if self.closed:
            return SessionLost("The session is closed.")
        how = how or f"ended (exit code {code})"
        return SessionLost(
            f"The process that computes the gradient on {self._provider.name} {how}."
        )

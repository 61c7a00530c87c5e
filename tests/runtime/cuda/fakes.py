"""A card that is the processor: the shim's backend with streams, events and counts."""

from __future__ import annotations

import ctypes
import threading
from collections import Counter
from typing import Any

import numpy as np

from livedream.kernels.backend import Memory, Stream
from livedream.kernels.launcher import Launcher

from ...kernels.host import GUARD, HostBackend, HostCompiler


class Mark:
    """A place in a stream. happened: only kept where work is late."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.happened = stream.handle, False


class Event:
    """mark: where it was recorded last."""

    mark: Mark | None = None


class CountingBackend(HostBackend):
    """counts: of allocations, pinned ones, launches, copies, synchronisations and so on."""

    def __init__(self, compiler: HostCompiler) -> None:
        super().__init__(compiler)
        self.counts: Counter[str] = Counter()
        self.streams = 0
        self.urgent: dict[int, bool] = {}
        self.threads: Counter[int] = Counter()
        self.full = False

    def attach(self) -> None:
        self.threads[threading.get_ident()] += 1

    def detach(self) -> None:
        self.threads[threading.get_ident()] -= 1

    def launch(self, *arguments: Any) -> None:
        self.counts["launches"] += 1
        super().launch(*arguments)

    def allocate(self, size: int) -> Memory:
        if self.full:
            raise RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory")
        self.counts["allocations"] += 1
        return super().allocate(size)

    def free(self, memory: Memory) -> None:
        self.counts["frees"] += 1
        super().free(memory)

    def pinned(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        self.counts["pinned"] += 1
        return np.empty(shape, dtype)

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None:
        self.counts["to"] += 1
        super().copy_to(pointer, array, stream)

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None:
        self.counts["from"] += 1
        super().copy_from(array, pointer, stream)

    def stream(self, urgent: bool) -> Stream:
        self.streams += 1
        self.urgent[1000 + self.streams] = urgent
        return Stream(1000 + self.streams, None)

    def event(self, blocking: bool) -> Event:
        self.counts["events"] += 1
        return Event()

    def record(self, stream: Stream, event: Event) -> None:
        event.mark = Mark(stream)

    def mark(self, stream: Stream) -> Event:
        event = Event()
        self.record(stream, event)
        return event

    def wait(self, stream: Stream, event: Event) -> None:
        assert event.mark is not None

    def synchronize(self, waited: Any) -> None:
        self.counts["synchronisations"] += 1


def pictures_on(backend: CountingBackend) -> int:
    """How many allocations on the card have room for a picture of the smallest octave of a test."""
    return sum(whole.nbytes - 2 * GUARD >= 25 * 20 * 12 for whole in backend._live)


def counting_launcher(compiler: HostCompiler) -> tuple[Launcher, CountingBackend]:
    backend = CountingBackend(compiler)
    return Launcher(backend), backend  # pyright: ignore[reportArgumentType]


class LateBackend(CountingBackend):
    """Work happens as late as it may: when an event or stream is waited for, and then no more of
    each stream than that needs. `eager`: the first stream, the kernels', works at once; only copies
    on other streams are late. `hasty`: from the third on, those of sessions, they work as soon as
    they may. What is used again too early, or read before it is there, shows in the pictures.
    """

    def __init__(self, compiler: HostCompiler, eager: bool, hasty: bool = False) -> None:
        super().__init__(compiler)
        self.eager, self.hasty = eager, hasty
        self.queues: dict[int, list[Any]] = {}

    def put(self, stream: Stream, work: Any) -> None:
        """Queue anything: what onnxruntime does on the kernels' stream."""
        self._queue(stream, work)

    def launch(self, *arguments: Any) -> None:
        self._queue(arguments[-1], lambda: CountingBackend.launch(self, *arguments))

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None:
        address, size = array.ctypes.data, array.nbytes  # the array itself is the device's to keep
        self._queue(stream, lambda: ctypes.memmove(pointer, address, size))

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None:
        address, size = array.ctypes.data, array.nbytes
        self._queue(stream, lambda: ctypes.memmove(address, pointer, size))

    def record(self, stream: Stream, event: Event) -> None:
        super().record(stream, event)
        self._queue(stream, event.mark)

    def wait(self, stream: Stream, event: Event) -> None:
        mark = event.mark
        assert mark is not None
        self._queue(stream, lambda: self._reach(mark))

    def synchronize(self, waited: Event) -> None:
        super().synchronize(waited)
        assert waited.mark is not None
        self._reach(waited.mark)

    def _queue(self, stream: Stream, work: Any) -> None:
        self.queues.setdefault(stream.handle, []).append(work)
        first = min(self.queues)
        if (self.eager and stream.handle == first) or (self.hasty and stream.handle > first + 1):
            self._run(stream.handle, None)

    def _reach(self, mark: Mark) -> None:
        if not mark.happened:
            self._run(mark.stream, mark)

    def _run(self, handle: int, until: Mark | None) -> None:
        queue = self.queues.get(handle, [])
        while queue:
            work = queue.pop(0)
            if isinstance(work, Mark):
                work.happened = True
                if work is until:
                    return
            else:
                work()

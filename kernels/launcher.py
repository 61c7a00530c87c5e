"""One way to the graphics card for the kernels, over whichever of two libraries is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .backend import Argument, Backend, Memory, Stream, Unavailable
from .compile import SOURCES, Compiler, KernelError, load_or_compile


class Launcher:
    """Loads kernels and runs them. Everything but `synchronize` and `allocate` returns at once.

    cache: folder for compiled kernels, None to compile in every run. spin: who waits for the card
    keeps its core busy, and goes on some microseconds sooner; else it sleeps. Use it from one
    thread, or call `attach` first in each further one.

    apart: whether attached threads may wait and ask for memory while one records a CUDA graph.
    """

    def __init__(self, backend: Backend, cache: Path | None = None, *, spin: bool = False) -> None:
        self.apart = backend.apart
        self._spin = spin
        self.backend = backend.name
        self.card = backend.card
        self.architecture = backend.architecture
        self._backend = backend
        self._cache = cache
        self._compiler: Compiler | None = None
        self._modules: dict[str, Any] = {}
        self._functions: dict[tuple[str, str], Any] = {}

    def attach(self) -> None:
        """Make the card current in the calling thread. Undone by `detach`, in the same thread."""
        self._backend.attach()

    def detach(self) -> None:
        """Let go of the card in the calling thread, before that thread ends."""
        self._backend.detach()

    def load(self, name: str) -> None:
        """Compile or fetch `<name>.cu` now, so that its first launch does not stall.

        Raises KernelError.
        """
        if name in self._modules:
            return
        if self._compiler is None:
            self._compiler = self._backend.compiler()
        binary = load_or_compile(name, self.architecture, self._compiler, self._cache)
        self._modules[name] = self._backend.module(binary)

    def load_all(self) -> None:
        """`load` every source: seconds where they have to be compiled."""
        for name in SOURCES:
            self.load(name)

    def function(self, source: str, name: str) -> Any:
        """The kernel `name` of `<source>.cu`, loaded if it was not."""
        key = source, name
        if key not in self._functions:
            self.load(source)
            self._functions[key] = self._backend.function(self._modules[source], name)
        return self._functions[key]

    def launch(
        self,
        function: Any,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Argument],
        stream: Stream,
        shared: int = 0,
    ) -> None:
        """Queue a kernel. arguments: NumPy scalars of the very types the kernel takes.

        shared: bytes of dynamic shared memory. Raises KernelError for any other argument, because
        a wrong width would shift all that follow it.
        """
        for argument in arguments:
            if not isinstance(argument, np.generic):
                raise KernelError(f"kernel arguments are NumPy scalars, not {argument!r}")
        self._backend.launch(function, grid, block, arguments, shared, stream)

    def allocate(self, size: int) -> Memory:
        """size bytes on the card, aligned to 256, contents undefined."""
        return self._backend.allocate(size)

    def free(self, memory: Memory) -> None:
        """Give back, after waiting until the card has done all that is queued."""
        self._backend.free(memory)

    def pinned(self, shape: Sequence[int], dtype: Any) -> np.ndarray:
        """Host memory that copies run to and from beside other work. Contents undefined."""
        return self._backend.pinned(tuple(shape), np.dtype(dtype))

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None:
        """Queue host to card, all of a C-contiguous array. It must live, unchanged, until done."""
        self._backend.copy_to(pointer, _contiguous(array), stream)

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None:
        """Queue card to host, as much as the C-contiguous array holds; there once synchronised."""
        self._backend.copy_from(_contiguous(array), pointer, stream)

    def stream(self, urgent: bool = False) -> Stream:
        """A new one, which does not wait for the default stream. urgent: its work goes before that
        of others, where the library can say so."""
        return self._backend.stream(urgent)

    def event(self) -> Any:
        """One that keeps no time, to be recorded as often as wanted. It is to end in a thread that
        is attached."""
        return self._backend.event(not self._spin)

    def record(self, stream: Stream, event: Any = None) -> Any:
        """An event, `event` where there is one, that happens when all queued so far is done. Who
        waited for it before goes on waiting for what it was then."""
        event = self.event() if event is None else event
        self._backend.record(stream, event)
        return event

    def mark(self, stream: Stream) -> Any:
        """A new event for `elapsed`: it keeps its time."""
        return self._backend.mark(stream)

    def wait(self, stream: Stream, event: Any) -> None:
        """What is queued on `stream` from now on starts after the event; the host goes on."""
        self._backend.wait(stream, event)

    def synchronize(self, waited: Any) -> None:
        """Block the host until a stream is empty or an event has happened."""
        # By an event: how a thread waits for a stream is the whole program's.
        self._backend.synchronize(self.record(waited) if isinstance(waited, Stream) else waited)

    def elapsed(self, start: Any, end: Any) -> float:
        """Milliseconds on the card between two events of `mark` that have happened."""
        return self._backend.elapsed(start, end)


def _contiguous(array: np.ndarray) -> np.ndarray:
    if not array.flags.c_contiguous:
        raise ValueError("copies to and from the card take C-contiguous arrays")
    return array


def _cuda_core(card: int) -> Backend:
    from .backend_cuda_core import CudaCoreBackend

    return CudaCoreBackend(card)


def _pycuda(card: int) -> Backend:
    from .backend_pycuda import PycudaBackend

    return PycudaBackend(card)


BACKENDS: dict[str, Callable[[int], Backend]] = {"cuda-core": _cuda_core, "pycuda": _pycuda}
"""In the order in which they are tried: pycuda ties events and memory to threads."""


def open_launcher(
    cache: Path | None = None,
    card: int = 0,
    backends: Sequence[Callable[[int], Backend]] | None = None,
    *,
    spin: bool = False,
) -> Launcher:
    """The first backend that works, on the card with this index, current in this thread. spin: as
    of `Launcher`.

    Raises KernelError with each one's reason, and the command to install one, when none does.
    """
    reasons = []
    for backend in BACKENDS.values() if backends is None else backends:
        try:
            return Launcher(backend(card), cache, spin=spin)
        except Unavailable as error:
            reasons.append(str(error).rstrip("."))
    raise KernelError(
        f"no CUDA library can reach a card: {'; '.join(reasons)}. "
        'With an NVIDIA driver installed: pip install "cuda-core[cu13]"'
    )

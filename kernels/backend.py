"""What a CUDA library does for the kernels, and the names that go to and fro.

Every library shares the card's primary context with onnxruntime: pointers and streams are common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .compile import Compiler

Argument = np.generic
"""np.uint64 for pointers, np.int32, np.int64, np.float32: the exact type of the kernel's."""


class Unavailable(Exception):
    """A backend cannot serve here: not installed, or no card. The message says why."""


@dataclass(frozen=True)
class Stream:
    """Work on the card in order. handle: the CUstream, as onnxruntime's `user_compute_stream`."""

    handle: int
    native: Any = field(repr=False)


@dataclass(frozen=True)
class Memory:
    """size bytes on the card from address pointer. Keep it until `Launcher.free`."""

    pointer: int
    size: int
    native: Any = field(repr=False)


class Backend(Protocol):
    """What a CUDA library does for us. Errors at work are the library's own.

    Its constructor takes the card's index, makes it current in the thread, and raises Unavailable.
    apart: a thread that is attached may wait for the card and ask it for memory while another one
    records a CUDA graph.
    """

    name: str
    card: str
    architecture: int
    apart: bool

    def compiler(self) -> Compiler: ...

    def attach(self) -> None: ...

    def detach(self) -> None: ...

    def module(self, binary: bytes) -> Any: ...

    def function(self, module: Any, name: str) -> Any: ...

    def launch(
        self,
        function: Any,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Argument],
        shared: int,
        stream: Stream,
    ) -> None: ...

    def allocate(self, size: int) -> Memory: ...

    def free(self, memory: Memory) -> None: ...

    def pinned(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray: ...

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None: ...

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None: ...

    def stream(self, urgent: bool) -> Stream: ...

    def event(self, blocking: bool) -> Any: ...

    def record(self, stream: Stream, event: Any) -> None: ...

    def mark(self, stream: Stream) -> Any: ...

    def wait(self, stream: Stream, event: Any) -> None: ...

    def synchronize(self, waited: Any) -> None: ...

    def elapsed(self, start: Any, end: Any) -> float: ...

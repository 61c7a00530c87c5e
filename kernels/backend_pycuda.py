"""The launcher's backend over pycuda, in the primary context (`autoprimaryctx`)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .backend import Argument, Memory, Stream, Unavailable
from .compile import Compiler, Nvcc, Nvrtc, find_compiler

_UNTIMED = 2
"""CU_EVENT_DISABLE_TIMING."""


class PycudaBackend:
    """Raises Unavailable where pycuda is not installed or cannot use the card."""

    name = "pycuda"
    apart = False

    def __init__(self, card: int = 0) -> None:
        try:
            driver: Any = importlib.import_module("pycuda.driver")
        except ImportError as error:
            raise Unavailable(f"pycuda: {error}") from error
        # autoprimaryctx takes the card's index from here and nowhere else.
        before = os.environ.get("CUDA_DEVICE")
        os.environ["CUDA_DEVICE"] = str(card)
        try:
            primary: Any = importlib.import_module("pycuda.autoprimaryctx")
            self.card = primary.device.name()
            major, minor = primary.device.compute_capability()
        except Exception as error:  # pycuda's own, and RuntimeError
            raise Unavailable(f"pycuda: {error}") from error
        finally:
            if before is None:
                del os.environ["CUDA_DEVICE"]
            else:
                os.environ["CUDA_DEVICE"] = before
        self._driver = driver
        self._context = primary.context
        self.architecture = 10 * major + minor
        self._prepared: dict[int, str] = {}

    def compiler(self) -> Compiler:
        return find_compiler(Nvcc, Nvrtc)

    def attach(self) -> None:
        self._context.push()

    def detach(self) -> None:
        self._context.pop()

    def module(self, binary: bytes) -> Any:
        return self._driver.module_from_buffer(binary)

    def function(self, module: Any, name: str) -> Any:
        return module.get_function(name)

    def launch(
        self,
        function: Any,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Argument],
        shared: int,
        stream: Stream,
    ) -> None:
        # A plain call of the function keeps every argument list it ever saw, and takes lists that
        # are equal but of different types for the same. The prepared call does neither.
        types = "".join(argument.dtype.char for argument in arguments)
        if self._prepared.get(id(function)) != types:
            function.prepare(types)
            self._prepared[id(function)] = types
        function.prepared_async_call(grid, block, stream.native, *arguments, shared_size=shared)

    def allocate(self, size: int) -> Memory:
        native = self._driver.mem_alloc(size)
        return Memory(int(native), size, native)

    def free(self, memory: Memory) -> None:
        self._context.synchronize()
        memory.native.free()

    def pinned(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        return self._driver.pagelocked_empty(shape, dtype)

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None:
        self._driver.memcpy_htod_async(pointer, array, stream.native)

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None:
        self._driver.memcpy_dtoh_async(array, pointer, stream.native)

    def stream(self, urgent: bool) -> Stream:
        """pycuda gives every stream the same priority."""
        native = self._driver.Stream(flags=1)  # CU_STREAM_NON_BLOCKING
        return Stream(int(native.handle), native)

    def event(self, blocking: bool) -> Any:
        return self._driver.Event(_UNTIMED | blocking)  # CU_EVENT_BLOCKING_SYNC is 1

    def record(self, stream: Stream, event: Any) -> None:
        event.record(stream.native)

    def mark(self, stream: Stream) -> Any:
        event = self._driver.Event(0)
        event.record(stream.native)
        return event

    def wait(self, stream: Stream, event: Any) -> None:
        stream.native.wait_for_event(event)

    def synchronize(self, waited: Any) -> None:
        waited.synchronize()

    def elapsed(self, start: Any, end: Any) -> float:
        return end.time_since(start)

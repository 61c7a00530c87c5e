"""The launcher's backend over cuda-core: wheels, no toolkit needed."""

from __future__ import annotations

import ctypes
import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .backend import Argument, Memory, Stream, Unavailable
from .compile import Compiler, Nvcc, Nvrtc, find_compiler

_ELF = b"\x7fELF"


class CudaCoreBackend:
    """Raises Unavailable where cuda-core 1.x is not installed or cannot use the card."""

    name = "cuda-core"
    apart = True

    def __init__(self, card: int = 0) -> None:
        try:
            core: Any = importlib.import_module("cuda.core")
            self._driver: Any = importlib.import_module("cuda.bindings.driver")
            # Where cuda.core is older than 1.0, these names lie elsewhere.
            self._types = core.Device, core.LaunchConfig, core.ObjectCode, core.EventOptions
        except (ImportError, AttributeError) as error:
            raise Unavailable(f"cuda-core: {error}") from error
        self._core = core
        try:
            self._device = core.Device(card)
            self.attach()
            self.card = self._device.name
            major, minor = self._device.compute_capability
            self._host = core.LegacyPinnedMemoryResource()
            _, self._most_urgent = self._call("cuCtxGetStreamPriorityRange")
        except Exception as error:  # its own errors have no public name
            raise Unavailable(f"cuda-core: {error}") from error
        self.architecture = 10 * major + minor

    def compiler(self) -> Compiler:
        return find_compiler(Nvrtc, Nvcc)

    def attach(self) -> None:
        self._device.set_current()
        # Else whoever records a graph, which onnxruntime does in the global mode, keeps this thread
        # from waiting and from memory, and a recording is spoilt where it does not keep to it.
        mode = self._driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._call("cuThreadExchangeStreamCaptureMode", mode)

    def detach(self) -> None:
        """Nothing to do: the primary context may stay current in a thread that ends."""

    def module(self, binary: bytes) -> Any:
        kind = self._core.ObjectCode
        return kind.from_cubin(binary) if binary.startswith(_ELF) else kind.from_ptx(binary)

    def function(self, module: Any, name: str) -> Any:
        return module.get_kernel(name)

    def launch(
        self,
        function: Any,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Argument],
        shared: int,
        stream: Stream,
    ) -> None:
        config = self._core.LaunchConfig(grid=grid, block=block, shmem_size=shared)
        self._core.launch(stream.native, config, function, *arguments)

    def allocate(self, size: int) -> Memory:
        # Plain memory: what a pool keeps for later is missing to onnxruntime when the card is full.
        (pointer,) = self._call("cuMemAlloc", size)
        return Memory(int(pointer), size, pointer)

    def free(self, memory: Memory) -> None:
        self._call("cuCtxSynchronize")
        self._call("cuMemFree", memory.native)

    def pinned(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        size = math.prod(shape) * dtype.itemsize
        buffer = self._host.allocate(size)
        place: Any = (ctypes.c_uint8 * size).from_address(int(buffer.handle))
        place.buffer = buffer  # freed when the last view of the array is gone
        return np.frombuffer(place, dtype).reshape(shape)

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None:
        self._call("cuMemcpyHtoDAsync", pointer, array.ctypes.data, array.nbytes, stream.handle)

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None:
        self._call("cuMemcpyDtoHAsync", array.ctypes.data, pointer, array.nbytes, stream.handle)

    def stream(self, urgent: bool) -> Stream:
        priority = int(self._most_urgent) if urgent else None
        native = self._device.create_stream(options=self._core.StreamOptions(priority=priority))
        return Stream(int(native.handle), native)

    def event(self, blocking: bool) -> Any:
        return self._device.create_event(self._core.EventOptions(blocking_sync=blocking))

    def record(self, stream: Stream, event: Any) -> None:
        stream.native.record(event)

    def mark(self, stream: Stream) -> Any:
        return stream.native.record(options=self._core.EventOptions(timing_enabled=True))

    def wait(self, stream: Stream, event: Any) -> None:
        stream.native.wait(event)

    def synchronize(self, waited: Any) -> None:
        waited.sync()

    def elapsed(self, start: Any, end: Any) -> float:
        return end - start

    def _call(self, function: str, *arguments: Any) -> list[Any]:
        status, *results = getattr(self._driver, function)(*arguments)
        if status != self._driver.CUresult.CUDA_SUCCESS:
            raise RuntimeError(f"{function} failed: {status.name}")
        return results

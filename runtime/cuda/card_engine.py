"""The network and its gradient on the card: nothing is copied, nothing waits.

Not run on a card: its logic is tested with a stand-in for onnxruntime that works on host memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..gradient.graph import Graph
from ..gradient.objective import Objective
from ..gradient.providers import Provider
from ..gradient.steered import SteeredEngine
from .bound_session import Binding, Session
from .buffers import Buffer
from .card import CudaDevice
from .image import Image, Place, Size

Steering = dict[str, np.ndarray]


@dataclass
class _Bound:
    session: Session
    binding: Any
    read: Place
    output: Place


@dataclass
class _Shared:
    """What engines over the same sessions have in common: sessions by size, and on the card the
    values that steer them. loaded: the ones that lie there now. using: held while work is queued
    for a session, and when one is taken away."""

    bound: dict[Size, _Bound] = field(default_factory=dict)
    opening: threading.Lock = field(default_factory=threading.Lock)
    using: threading.Lock = field(default_factory=threading.Lock)
    weights: dict[str, Buffer] = field(default_factory=dict)
    loaded: Steering | None = None


class CudaEngine(SteeredEngine):
    """`Engine` over one graph, one session per size, each opened once by `open_session`.

    `gradient` belongs to one thread; `steer`, `prepare` and `probe` may be called from another. The
    array it returns holds until the next gradient of the same size.
    """

    def __init__(
        self,
        device: CudaDevice,
        graph: Graph,
        provider: Provider,
        objective: Objective,
        open_session: Callable[[Size], Session],
        precision: str | None = None,
    ) -> None:
        """precision: that `open_session` computes in, where it is not the graph's."""
        super().__init__(graph, provider, objective, precision)
        self.device = device
        self._open_session = open_session
        self._shared = _Shared()

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open a session for this size and run it once; minutes where an engine is built. In the
        background or not: the onnxruntime for cards opens sessions beside other threads.

        Raises UsageError for a size under the network's minimum, LivedreamError when the provider
        does not start.
        """
        shared, size = self._shared, (height, width)
        with shared.opening:
            if size in shared.bound:
                return
            self.graph.check_size(height, width)
            with self.device.attached(), self.device.gate.opening():
                shared.bound[size] = self._bound(size)

    def prepared(self, height: int, width: int) -> bool:
        return (height, width) in self._shared.bound

    def gradient(self, image: Image) -> Image:
        """Planar image on the card -> the same shape."""
        size, shared = image.size, self._shared
        while True:
            if size not in shared.bound:
                self.prepare(*size)
            with shared.using:
                bound = shared.bound.get(size)
                if bound is not None:
                    return self._queue(image, bound)

    def _queue(self, image: Image, bound: _Bound) -> Image:
        shared = self._shared
        self.device.network_input(image)
        wanted = self._steering  # which another thread may change at any time
        if shared.loaded is not wanted:
            for name, weights in wanted.items():
                self._send(shared.weights[name].pointer, weights)
            shared.loaded = wanted
        bound.session.run(bound.binding, self.device.gate)
        output = bound.output
        output.generation += 1
        return Image(image.size, place=output, generation=output.generation)

    def probe(self, image: np.ndarray) -> np.ndarray:
        """One gradient of an image in host memory, float32 [3, height, width], beside the dream.

        For the check of a provider; opens the size where it was not. Waits for the card.
        """
        size = image.shape[1], image.shape[2]
        self.prepare(*size)
        session, device = self._shared.bound[size].session, self.device
        with device.attached(), device.gate.opening():
            sent = device.send(image, np.float32)
            weights = {
                name: (device.send(values, np.float32), len(values))
                for name, values in self._steering.items()
            }
            out = device.pool.take(sent.size)
            places = {name: (buffer.pointer, count) for name, (buffer, count) in weights.items()}
            binding = session.bind(Binding(size, sent.pointer, out.pointer, places))
            session.run_and_wait(binding)
            host = device.host.take(image.shape, np.float32)
            device.launcher.copy_from(host, out.pointer, device.stream)
            device.launcher.synchronize(device.launcher.record(device.stream))
        return host

    def keep(self, sizes: Iterable[Size]) -> None:
        """End the sessions of all other sizes, for their memory. Waits for the card, never for a
        session that opens meanwhile; from any thread."""
        bound = self._shared.bound
        with self._shared.using:
            ended = [bound.pop(size) for size in set(bound) - set(sizes)]
        if not ended:
            return
        device = self.device
        # What is queued still runs in their memory. Giving it back would spoil a recording.
        with device.attached(), device.gate.waiting():
            device.launcher.synchronize(device.stream)
            for each in ended:
                each.binding = None
                each.session.close()

    def close(self) -> None:
        """End the sessions, also those of engines made by `steered`, from any thread; one that is
        asked for a gradient later opens its own again."""
        self.keep(())

    def _bound(self, size: Size) -> _Bound:
        device, shared = self.device, self._shared
        session = self._open_session(size)
        if not shared.weights:
            for name, weights in self._steering.items():
                shared.weights[name] = device.send(weights, np.float32)
        read = device.place(size)
        output = Place(device.pool.take(read.buffer.size))
        places = {
            name: (buffer.pointer, buffer.size // 4) for name, buffer in shared.weights.items()
        }
        addresses = Binding(size, read.buffer.pointer, output.buffer.pointer, places)
        binding = session.bind(addresses)
        session.run_and_wait(binding)
        return _Bound(session, binding, read, output)

    def _send(self, pointer: int, values: np.ndarray) -> None:
        host = self.device.host.take(values.shape, np.float32)
        np.copyto(host, values)
        self.device.send_to(pointer, host)

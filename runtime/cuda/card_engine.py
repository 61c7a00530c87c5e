"""The network and its gradient on the card: nothing is copied, nothing waits.

Not run on a card: its logic is tested with a stand-in for onnxruntime that works on host memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from ..gradient.graph import Graph
from ..gradient.objective import Objective
from ..gradient.providers import Provider
from ..gradient.steered import SteeredEngine
from .bound_session import Binding, Bound, Session
from .buffers import Buffer
from .card import CudaDevice
from .image import Image, Place, Size

Steering = dict[str, np.ndarray]


@dataclass
class _Open:
    """A size that is open."""

    session: Session
    bound: Bound
    read: Place
    output: Place


@dataclass
class _Shared:
    """What engines over the same sessions have in common: what is open, by size, and on the card
    the values that steer them. newest: the session that was opened last. claimed: the one that a
    size is being opened in. loaded: the values that lie there now. using: held while work is queued
    for a session, and when one is claimed or taken away."""

    open: dict[Size, _Open] = field(default_factory=dict)
    newest: Session | None = None
    claimed: Session | None = None
    opening: threading.Lock = field(default_factory=threading.Lock)
    using: threading.Lock = field(default_factory=threading.Lock)
    weights: dict[str, Buffer] = field(default_factory=dict)
    loaded: Steering | None = None


class CudaEngine(SteeredEngine):
    """`Engine` over one graph. Each size is opened once: in the session of those that were opened
    before it, where that takes several sizes and does not play yet, else in one of its own.

    `gradient` belongs to one thread; `steer`, `prepare` and `probe` may be called from another. The
    array it returns holds until the next gradient of the same size.
    """

    def __init__(
        self,
        device: CudaDevice,
        graph: Graph,
        provider: Provider,
        objective: Objective,
        open_session: Callable[[Size, bool], Session],
        precision: str | None = None,
    ) -> None:
        """open_session: its second argument is whether the session's work goes before that of
        others. precision: that it computes in, where it is not the graph's."""
        super().__init__(graph, provider, objective, precision)
        self.device = device
        self._open_session = open_session
        self._shared = _Shared()

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open this size, run it, and record its launches; minutes where an engine is built. In the
        background or not: the onnxruntime for cards opens sessions beside other threads.

        Raises UsageError for a size under the network's minimum, LivedreamError when the provider
        does not start.
        """
        shared, size, gate = self._shared, (height, width), self.device.gate
        with shared.opening:
            if size in shared.open:
                return
            self.graph.check_size(height, width)
            with self.device.attached():
                try:
                    with gate.opening():
                        opened = self._opened(size, background)
                    opened.session.record(opened.bound, gate)
                except BaseException:
                    self._end_unused()
                    raise
            with shared.using:
                shared.open[size], shared.claimed = opened, None

    def prepared(self, height: int, width: int) -> bool:
        return (height, width) in self._shared.open

    def gradient(self, image: Image) -> Image:
        """Planar image on the card -> the same shape."""
        size, shared = image.size, self._shared
        while True:
            if size not in shared.open:
                self.prepare(*size)
            with shared.using:
                opened = shared.open.get(size)
                if opened is not None:
                    return self._queue(image, opened)

    def _queue(self, image: Image, opened: _Open) -> Image:
        shared, device = self._shared, self.device
        device.network_input(image)
        wanted = self._steering  # which another thread may change at any time
        if shared.loaded is not wanted:
            for name, weights in wanted.items():
                self._send(shared.weights[name].pointer, weights)
            shared.loaded = wanted
        opened.session.plays = True
        opened.session.run(opened.bound, device.stream, device.gate)
        output = opened.output
        output.generation += 1
        return Image(image.size, place=output, generation=output.generation)

    def probe(self, image: np.ndarray) -> np.ndarray:
        """One gradient of an image in host memory, float32 [3, height, width], beside the dream.

        For the check of a provider; opens the size where it was not. Waits for the card.
        """
        size = image.shape[1], image.shape[2]
        self.prepare(*size)
        session, device = self._shared.open[size].session, self.device
        launcher, stream = device.launcher, session.stream
        with device.attached(), device.gate.opening():
            device.join(stream)
            sent = {
                name: device.pinned(values, np.float32)
                for name, values in {"": image, **self._steering}.items()
            }
            there = {name: device.pool.take(values.nbytes) for name, values in sent.items()}
            for name, values in sent.items():
                launcher.copy_to(there[name].pointer, values, stream)
            out = device.pool.take(image.size * 4)
            weights = {name: (there[name].pointer, len(sent[name])) for name in self._steering}
            session.run_and_wait(
                session.bind(Binding(size, there[""].pointer, out.pointer, weights))
            )
            host = device.host.take(image.shape, np.float32)
            launcher.copy_from(host, out.pointer, stream)
            launcher.synchronize(stream)
        return host

    def keep(self, sizes: Iterable[Size]) -> None:
        """End the sessions that only other sizes need, for their memory. Waits for the card, never
        for a session that opens meanwhile; from any thread."""
        shared = self._shared
        with shared.using:
            dropped = [shared.open.pop(size) for size in set(shared.open) - set(sizes)]
            needed = [shared.claimed, *(each.session for each in shared.open.values())]
            ending = {id(each.session): each.session for each in dropped}
            ending = [session for session in ending.values() if session not in needed]
            for session in ending:
                session.plays = True  # nothing more is opened in it
        if not dropped:
            return
        device = self.device
        # What is queued still runs in their memory. Giving it back would spoil a recording.
        with device.attached(), device.gate.waiting():
            device.launcher.synchronize(device.stream)
            for each in dropped:
                each.bound.native = None
            for session in ending:
                session.close()

    def close(self) -> None:
        """End the sessions, also those of engines made by `steered`, from any thread; one that is
        asked for a gradient later opens its own again."""
        self.keep(())

    def _opened(self, size: Size, background: bool) -> _Open:
        device, shared = self.device, self._shared
        with shared.using:
            session = shared.newest
            # One that plays is given nothing more to do: it would queue before the frames.
            if session and (session.plays or not session.takes(size)):
                session = None
            shared.claimed = session
        if session is None:
            session = self._open_session(size, not background)
            shared.newest = shared.claimed = session
        device.join(session.stream)
        if not shared.weights:
            for name, weights in self._steering.items():
                shared.weights[name] = device.pool.take(weights.size * 4)
        read = device.place(size)
        output = Place(device.pool.take(read.buffer.size))
        places = {
            name: (buffer.pointer, buffer.size // 4) for name, buffer in shared.weights.items()
        }
        addresses = Binding(size, read.buffer.pointer, output.buffer.pointer, places)
        bound = session.bind(addresses)
        session.run_and_wait(bound)
        return _Open(session, bound, read, output)

    def _end_unused(self) -> None:
        """After a size that could not be opened."""
        shared = self._shared
        with shared.using:
            claimed, shared.claimed = shared.claimed, None
            if claimed is None or claimed in [each.session for each in shared.open.values()]:
                return
            claimed.plays = True
        with self.device.gate.waiting():
            claimed.close()

    def _send(self, pointer: int, values: np.ndarray) -> None:
        self.device.send_to(pointer, self.device.pinned(values, np.float32))

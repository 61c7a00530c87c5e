"""The sessions of one graph on the card, bound to where its images lie: nothing is copied, nothing
waits.

The logic is tested with a stand-in for onnxruntime that works on host memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import SessionLost
from .bound_session import Binding, Bound, Session
from .buffers import Buffer
from .card import CudaDevice
from .image import Image, Place, Size

Steering = Mapping[str, np.ndarray]
"""By the names of the graph's inputs; never changed, but another one takes its place."""


@dataclass
class _Open:
    """A size that is open."""

    session: Session
    bound: Bound
    read: Place
    output: Place


class CardSessions:
    """Each size is opened once, in a session of its own.

    `gradient` belongs to one thread; everything else may be called from any. The array it returns
    holds until the next gradient of the same size.
    """

    def __init__(self, device: CudaDevice, open_session: Callable[[Size, bool], Session]) -> None:
        """open_session: its second argument is whether the session's work goes before that of
        others."""
        self._device, self._open_session = device, open_session
        self._open: dict[Size, _Open] = {}
        self._weights: dict[str, Buffer] = {}
        """On the card, the values that steer."""
        self._loaded: Steering | None = None
        """Those that lie there now."""
        self._opening = threading.Lock()
        self._using = threading.Lock()
        """Held while work is queued for a session, and when one is taken away."""

    @property
    def sizes(self) -> set[Size]:
        """(height, width) of the open ones."""
        return set(self._open)

    def open(self, size: Size, steering: Steering, background: bool = True) -> None:
        """Open this size, run it, and record its launches; minutes where an engine is built.

        background: its work gives way to that of others. Raises LivedreamError when the provider
        does not start.
        """
        gate, session = self._device.gate, None
        with self._opening:
            if size in self._open:
                return
            with self._device.attached():
                try:
                    with gate.opening():
                        session = self._open_session(size, not background)
                        opened = self._bound(session, size, steering)
                    session.record(opened.bound, gate)
                except BaseException:
                    if session:
                        with gate.waiting():
                            session.close()
                    raise
            with self._using:
                self._open[size] = opened

    def gradient(self, image: Image, steering: Steering) -> Image | None:
        """Planar image on the card -> the same shape; None where its size is not open."""
        with self._using:
            opened = self._open.get(image.size)
            return None if opened is None else self._queue(image, steering, opened)

    def run(self, image: np.ndarray, steering: Steering) -> np.ndarray:
        """One gradient of an image in host memory, float32 [3, height, width], of a size that is
        open, beside what plays. Waits for the card. Raises SessionLost where it is open no more."""
        size = image.shape[1], image.shape[2]
        opened = self._open.get(size)
        if opened is None:
            raise SessionLost("The session on the card has been closed.")
        session, device = opened.session, self._device
        launcher, stream = device.launcher, session.stream
        with device.attached(), device.gate.opening():
            device.join(stream)
            sent = {
                name: device.pinned(values, np.float32)
                for name, values in {"": image, **steering}.items()
            }
            there = {name: device.pool.take(values.nbytes) for name, values in sent.items()}
            for name, values in sent.items():
                launcher.copy_to(there[name].pointer, values, stream)
            out = device.pool.take(image.size * 4)
            weights = {name: (there[name].pointer, len(sent[name])) for name in steering}
            try:
                session.run_and_wait(
                    session.bind(Binding(size, there[""].pointer, out.pointer, weights))
                )
            except Exception as error:
                if session.ended:
                    raise SessionLost("The session on the card has been closed.") from error
                raise
            host = device.host.take(image.shape, np.float32)
            launcher.copy_from(host, out.pointer, stream)
            launcher.synchronize(stream)
        return host

    def keep(self, sizes: Iterable[Size]) -> None:
        """End the sessions that only other sizes need, for their memory. Waits for the card, never
        for a session that opens meanwhile."""
        with self._using:
            dropped = [self._open.pop(size) for size in self.sizes - set(sizes)]
        if not dropped:
            return
        device = self._device
        # What is queued still runs in their memory. Giving it back would spoil a recording.
        with device.attached(), device.gate.waiting():
            device.launcher.synchronize(device.stream)
            for each in dropped:
                each.bound.native = None
                each.session.close()

    def close(self) -> None:
        """End them all; `open` opens others."""
        self.keep(())

    def _queue(self, image: Image, steering: Steering, opened: _Open) -> Image:
        device = self._device
        device.network_input(image)
        if self._loaded is not steering:
            for name, weights in steering.items():
                self._send(self._weights[name].pointer, weights)
            self._loaded = steering
        opened.session.run(opened.bound, device.stream, device.gate)
        output = opened.output
        output.generation += 1
        return Image(image.size, place=output, generation=output.generation)

    def _bound(self, session: Session, size: Size, steering: Steering) -> _Open:
        """It, for where images of this size lie, after its first run."""
        device = self._device
        device.join(session.stream)
        if not self._weights:
            for name, weights in steering.items():
                self._weights[name] = device.pool.take(weights.size * 4)
        read = device.place(size)
        output = Place(device.pool.take(read.buffer.size))
        places = {
            name: (buffer.pointer, buffer.size // 4) for name, buffer in self._weights.items()
        }
        addresses = Binding(size, read.buffer.pointer, output.buffer.pointer, places)
        bound = session.bind(addresses)
        session.run_and_wait(bound)
        return _Open(session, bound, read, output)

    def _send(self, pointer: int, values: np.ndarray) -> None:
        self._device.send_to(pointer, self._device.pinned(values, np.float32))

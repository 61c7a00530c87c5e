"""The network and its gradient on onnxruntime, with arrays in host memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import numpy as np

from ..errors import SessionLost
from .child import PLAYS, WAITS, Spare
from .graph import Graph
from .objective import Objective
from .process import Sessions
from .providers import Provider
from .shallow import Shallow
from .steered import SteeredEngine

REOPENINGS = 2
"""Times that a session is opened again for one gradient."""


class HostEngine(SteeredEngine):
    """Gradients of one graph, one session per size, each opened once, in a process of their own.

    `steer`, `prepare` and `close` may be called from another thread than `gradient`. One that finds
    the process dead or hanging raises SessionLost; then nothing is prepared any more. spare: has a
    process that waits, maybe. reopened: hears that a session was lost and is opened again by the
    next gradient, which then takes as long as that; where it is None, that is left to the caller.
    """

    def __init__(
        self,
        graph: Graph,
        provider: Provider,
        objective: Objective,
        *,
        spare: Spare | None = None,
        reopened: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(graph, provider, objective)
        channels = {name: weights.size for name, weights in self._climbed[0].items()}
        self._sessions = Sessions(graph.path, provider, channels, spare)
        self._shallow = Shallow(
            provider,
            self._sessions,
            lambda layer, _: Sessions(graph.path, provider, channels, cut=graph.cuts[layer]),
            self.precision,
        )
        self._opening = threading.Lock()
        self._reopened = reopened

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open a session for this size and run it once. The process computes nothing meanwhile: a
        picture that must not be held up needs an engine of its own.

        Raises UsageError for a size under the network's minimum, LivedreamError when the provider
        does not start, SessionLost.
        """
        with self._opening:
            if self.prepared(height, width):
                return
            self.graph.check_size(height, width)
            self._sessions.open((height, width), self._climbed[0])
            if not background:
                self._shallow.open_now(self._climbed[1], (height, width), self._climbed[0])

    def prepared(self, height: int, width: int) -> bool:
        return (height, width) in self._sessions.sizes

    def gradient(self, image: np.ndarray) -> np.ndarray:
        """float32 [3, height, width] -> the same shape. Opens the size where it was not."""
        if self._reopened:
            for _ in range(REOPENINGS):
                try:
                    return self._gradient(image)
                except SessionLost as error:
                    if self._sessions.closed:
                        raise
                    self._reopened(f"{error} It is opened again.")
                    with suppress(SessionLost):
                        self.prepare(*image.shape[1:])
        return self._gradient(image)

    def _gradient(self, image: np.ndarray) -> np.ndarray:
        _, height, width = image.shape
        if not self._sessions.knows((height, width)):
            self.prepare(height, width)
        steering, layer = self._climbed
        shallow = self._shallow.sessions(layer, (height, width), steering)
        if shallow:
            try:
                return shallow.run(image, steering)
            except SessionLost:
                self._shallow.lost(shallow)
        return self._sessions.run(image, steering)

    def probe(self, image: np.ndarray) -> np.ndarray:
        """As `gradient`, by the whole graph: these sessions may be run from several threads."""
        _, height, width = image.shape
        if not self._sessions.knows((height, width)):
            self.prepare(height, width)
        return self._sessions.run(image, self._climbed[0])

    def means(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Of float32 [3, height, width], the mean activation of every channel of every layer,
        float32 [C]. For now and then: takes as long as to open a session.

        Raises LivedreamError for a file that does not have them, SessionLost.
        """
        means = self._sessions.values(image, [f"{layer}.mean" for layer in self.graph.layers])
        return {name.removesuffix(".mean"): values for name, values in means.items()}

    def reference(self, image: np.ndarray) -> np.ndarray:
        """The gradient by onnxruntime's own kernels, whichever the provider, at a size that is
        open."""
        return self._sessions.reference(image, self._climbed[0])

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """The dream is slower for a moment; pictures are not, and the next layer comes sooner."""
        playing = [self._sessions, *self._shallow.opened]
        for sessions in playing:
            sessions.prioritise(WAITS)
        try:
            yield
        finally:
            for sessions in playing:
                sessions.prioritise(PLAYS)

    def keep(self, sizes: Iterable[tuple[int, int]]) -> None:
        """End the sessions of all other sizes, (height, width)."""
        sizes = list(sizes)
        self._sessions.keep(sizes)
        self._shallow.keep(sizes)

    def close(self) -> None:
        """End the sessions, also those of engines made by `steered`, for good."""
        self._shallow.close()
        self._sessions.close()

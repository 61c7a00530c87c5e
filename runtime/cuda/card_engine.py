"""The network and its gradient on the card."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from ..gradient.graph import Graph
from ..gradient.objective import Objective
from ..gradient.providers import Provider
from ..gradient.shallow import Shallow
from ..gradient.steered import SteeredEngine
from .bound_session import Session
from .card import CudaDevice
from .card_sessions import CardSessions
from .image import Image, Size


class CudaEngine(SteeredEngine):
    """`Engine` over one graph, and over the part of it that what plays needs.

    `gradient` belongs to one thread; `steer`, `prepare` and `probe` may be called from another. The
    array it returns holds until the next gradient of the same size.
    """

    def __init__(
        self,
        device: CudaDevice,
        graph: Graph,
        provider: Provider,
        objective: Objective,
        open_session: Callable[[str | None, Size, bool], Session],
        precision: str | None = None,
    ) -> None:
        """open_session: its first argument is a layer of `Graph.cuts` that nothing deeper is needed
        of, None for the whole; the last one whether the session's work goes before that of others.
        precision: that it computes in, where it is not the graph's."""
        super().__init__(graph, provider, objective, precision)
        self.device = device
        self._sessions = CardSessions(device, partial(open_session, None))

        def cut(layer: str, beside: bool) -> CardSessions:
            return CardSessions(device, lambda size, _: open_session(layer, size, not beside))

        self._shallow = Shallow(provider, self._sessions, cut, self.precision)

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open this size, run it, and record its launches; minutes where an engine is built. In the
        background or not: the onnxruntime for cards opens sessions beside other threads.

        Raises UsageError for a size under the network's minimum, LivedreamError when the provider
        does not start.
        """
        size, (steering, layer) = (height, width), self._climbed
        if not self.prepared(*size):
            self.graph.check_size(*size)
            self._sessions.open(size, steering, background)
            if not background:
                self._shallow.open_now(layer, size, steering)

    def prepared(self, height: int, width: int) -> bool:
        return (height, width) in self._sessions.sizes

    def gradient(self, image: Image) -> Image:
        """Planar image on the card -> the same shape. Opens the size where it was not."""
        steering, layer = self._climbed  # which another thread may change at any time
        shallow = self._shallow.sessions(layer, image.size, steering)
        gradient = shallow and shallow.gradient(image, steering)
        while gradient is None:
            gradient = self._sessions.gradient(image, steering)
            if gradient is None:  # A picture waits: as little as it needs.
                self.graph.check_size(*image.size)
                self._sessions.open(image.size, steering, background=False)
        return gradient

    def probe(self, image: np.ndarray) -> np.ndarray:
        """One gradient of an image in host memory, float32 [3, height, width], beside the dream,
        by the whole graph.

        For the check of a provider; opens the size where it was not. Waits for the card. Raises
        SessionLost where that is closed meanwhile.
        """
        self.prepare(image.shape[1], image.shape[2])
        return self._sessions.run(image, self._climbed[0])

    def keep(self, sizes: Iterable[tuple[int, int]]) -> None:
        """End the sessions that only other sizes need, for their memory. Waits for the card, never
        for a session that opens meanwhile; from any thread."""
        sizes = list(sizes)
        self._sessions.keep(sizes)
        self._shallow.keep(sizes)

    def spare(self) -> bool:
        """End for good what is open besides the whole graph, for its memory; whether anything
        was."""
        return self._shallow.close()

    def close(self) -> None:
        """End the sessions, also those of engines made by `steered`, from any thread; one that is
        asked for a gradient later opens its own again."""
        self._shallow.close()
        self._sessions.close()

"""The network and its gradient on onnxruntime, with arrays in host memory."""

from __future__ import annotations

import copy
import threading

import numpy as np

from ..errors import LivedreamError, UsageError
from .graph import Graph
from .objective import Objective, steering
from .ort import ort
from .process import RemoteSession, holds_lock
from .providers import Provider
from .session import open_session


class HostEngine:
    """Gradients of one graph, one session per size, each opened once.

    `steer` and `prepare` may be called from another thread than `gradient`.
    """

    def __init__(self, graph: Graph, provider: Provider, objective: Objective) -> None:
        self.graph = graph
        self.provider = provider
        self._sessions: dict[tuple[int, int], ort.InferenceSession | RemoteSession] = {}
        self._opening = threading.Lock()
        self.steer(objective)

    @property
    def minimum_size(self) -> int:
        return self.graph.minimum_size

    def describe(self) -> dict[str, str]:
        graph = self.graph
        return {
            "model": graph.model,
            "layers": str(self.objective),
            "weights": graph.weights,
            "provider": self.provider.name,
            "precision": graph.precision,
        }

    def steer(self, objective: Objective) -> None:
        self._steering = steering(objective, self.graph.layers)
        self.objective = objective

    def steered(self, objective: Objective) -> HostEngine:
        """Another engine over the same sessions that climbs `objective`."""
        other = copy.copy(self)
        other.steer(objective)
        return other

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open a session for this size and run it once.

        Raises UsageError for a size under the network's minimum, LivedreamError when the provider
        does not start.
        """
        with self._opening:
            if (height, width) in self._sessions:
                return
            if min(height, width) < self.minimum_size:
                raise UsageError(
                    f"{width}x{height} is too small: {self.graph.model} needs at least "
                    f"{self.minimum_size} pixels on each side."
                )
            session = self._open((height, width), background)
            self._run(session, np.full((3, height, width), 0.5, np.float32))
            self._sessions[height, width] = session

    def prepared(self, height: int, width: int) -> bool:
        return (height, width) in self._sessions

    def gradient(self, image: np.ndarray) -> np.ndarray:
        """float32 [3, height, width] -> the same shape."""
        _, height, width = image.shape
        session = self._sessions.get((height, width))
        if session is None:
            self.prepare(height, width)
            session = self._sessions[height, width]
        return self._run(session, image)

    def probe(self, image: np.ndarray) -> np.ndarray:
        """As `gradient`: these sessions may be run from several threads."""
        return self.gradient(image)

    def close(self) -> None:
        """End the sessions; engines made by `steered` open them again when they need them."""
        while self._sessions:
            _, session = self._sessions.popitem()
            if isinstance(session, RemoteSession):
                session.close()

    def _open(
        self, size: tuple[int, int], background: bool
    ) -> ort.InferenceSession | RemoteSession:
        if background and holds_lock(ort.__version__):
            channels = {name: weights.size for name, weights in self._steering.items()}
            return RemoteSession(self.graph.path, self.provider, size=size, channels=channels)
        return open_session(self.graph.path, self.provider, size=size)

    def _run(self, session: ort.InferenceSession | RemoteSession, image: np.ndarray) -> np.ndarray:
        feeds = {"image": image[None], **self._steering}
        (gradient,) = session.run(["gradient"], feeds)
        if not isinstance(gradient, np.ndarray):
            raise LivedreamError(f"{self.graph.path.name} gives no dense gradient.")
        return gradient[0]

"""A host engine in the service of the cuda device: the last rung, when no provider of the card
starts but the kernels run. Costs two copies and one wait a gradient step."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

import numpy as np

from ..gradient.graph import Graph
from ..gradient.host import HostEngine
from ..gradient.objective import Objective
from ..gradient.providers import Provider
from .card import CudaDevice
from .image import Image


class BridgedEngine:
    """Gradients by an engine with arrays in host memory, for images on the card."""

    def __init__(self, device: CudaDevice, inner: HostEngine) -> None:
        self.device, self.inner = device, inner

    @property
    def graph(self) -> Graph:
        return self.inner.graph

    @property
    def provider(self) -> Provider:
        return self.inner.provider

    @property
    def objective(self) -> Objective:
        return self.inner.objective

    @property
    def minimum_size(self) -> int:
        return self.inner.minimum_size

    @property
    def precision(self) -> str:
        return self.inner.precision

    def describe(self) -> dict[str, str]:
        return self.inner.describe()

    def steer(self, objective: Objective) -> None:
        self.inner.steer(objective)

    def steered(self, objective: Objective) -> BridgedEngine:
        """Another engine over the same sessions that climbs `objective`."""
        return BridgedEngine(self.device, self.inner.steered(objective))

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        self.inner.prepare(height, width, background)

    def prepared(self, height: int, width: int) -> bool:
        return self.inner.prepared(height, width)

    def probe(self, image: np.ndarray) -> np.ndarray:
        return self.inner.probe(image)

    def giving_way(self) -> AbstractContextManager[None]:
        return self.inner.giving_way()

    def keep(self, sizes: Iterable[tuple[int, int]]) -> None:
        self.inner.keep(sizes)

    def close(self) -> None:
        self.inner.close()

    def gradient(self, image: Image) -> Image:
        return self.device.put(self.inner.gradient(self.device.fetch(image)))

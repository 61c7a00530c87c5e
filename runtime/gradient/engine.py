"""What plays: a network and its gradient, ready on a device."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np

from ..dream.device import Array, Climbed
from .graph import Graph
from .objective import Objective
from .providers import Provider


class Engine(Climbed[Array], Protocol[Array]):
    """The network and its gradient, ready on a device."""

    @property
    def graph(self) -> Graph: ...

    @property
    def provider(self) -> Provider: ...

    @property
    def objective(self) -> Objective: ...

    @property
    def precision(self) -> str:
        """That it computes in."""
        ...

    def describe(self) -> dict[str, str]:
        """What runs: model, layers, weights, provider, precision; for files that carry it."""
        ...

    def steer(self, objective: Objective) -> None:
        """What the next gradients climb; takes no time."""
        ...

    def steered(self, objective: Objective) -> Engine[Array]:
        """Another engine over the same sessions that climbs `objective`."""
        ...

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        """Open what is needed for this size, so that the first gradient does not stall.

        background: a picture plays meanwhile, and must not be held up.
        """
        ...

    def prepared(self, height: int, width: int) -> bool:
        """Whether `prepare` has nothing to do for this size."""
        ...

    def probe(self, image: np.ndarray) -> np.ndarray:
        """One gradient in host memory, float32 [3, height, width], beside the dream."""
        ...

    def giving_way(self) -> AbstractContextManager[None]:
        """Inside, another engine is being opened, which comes first."""
        ...

    def keep(self, sizes: Iterable[tuple[int, int]]) -> None:
        """End the sessions of all other sizes, (height, width); from any thread."""
        ...

    def close(self) -> None:
        """End the sessions, also those of engines made by `steered`, from any thread."""
        ...

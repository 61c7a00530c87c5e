"""What engines over one graph have in common: what they are, and what they climb."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from .graph import Graph
from .objective import Objective
from .providers import Provider
from .shallow import deepest
from .steering import steering


class SteeredEngine:
    """The half of `Engine` that needs no session. precision: it computes in; the graph's unless
    given."""

    def __init__(
        self, graph: Graph, provider: Provider, objective: Objective, precision: str | None = None
    ) -> None:
        self.graph, self.provider = graph, provider
        self.precision = precision or graph.precision
        self.steer(objective)

    @property
    def minimum_size(self) -> int:
        return self.graph.minimum_size

    def describe(self) -> dict[str, str]:
        """What runs, for files that carry it."""
        graph = self.graph
        return {
            "model": graph.model,
            "layers": str(self.objective),
            **({"guide": ",".join(graph.guides.photos)} if graph.guides else {}),
            "weights": graph.weights,
            "provider": self.provider.name,
            "precision": self.precision,
        }

    def steer(self, objective: Objective) -> None:
        """Raises UsageError for layers and channels that the graph does not have."""
        graph = self.graph
        climbed = steering(objective, graph.layers, graph.typical, graph.guides)
        # At once: another thread may compute with them.
        self._climbed = climbed, deepest(graph, self.provider, climbed)
        self.objective = objective

    def steered(self, objective: Objective) -> Self:
        """Another engine over the same sessions that climbs `objective`."""
        other = copy.copy(self)
        other.steer(objective)
        return other

    def giving_way(self) -> AbstractContextManager[None]:
        """Inside, another engine is being opened; where both have one processor, it comes first."""
        return nullcontext()

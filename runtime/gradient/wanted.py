"""What is wanted of an engine, and what one is open for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..dream.octaves import octave_sizes
from .engine import Engine
from .network import Network
from .objective import Objective


@dataclass(frozen=True)
class Wanted:
    """What an engine is opened for: what to climb, on which octaves of pictures of `size`,
    (height, width)."""

    objective: Objective
    octaves: int
    octave_scale: float
    size: tuple[int, int]

    def sizes(self, minimum: int) -> list[tuple[int, int]]:
        """(height, width) of the octaves, small to large."""
        return octave_sizes(*self.size, self.octaves, self.octave_scale, minimum)

    def same_graph(self, other: Wanted, network: Network) -> bool:
        """Whether the same graph serves both, steered."""
        return network.taps(self.objective) == network.taps(other.objective)

    def same_sizes(self, other: Wanted) -> bool:
        """Whether both ask for the same octaves."""
        mine = self.octaves, self.octave_scale, self.size
        return mine == (other.octaves, other.octave_scale, other.size)

    def alike(self, other: Wanted, network: Network) -> bool:
        """Whether the same sessions serve both, steered."""
        return self.same_sizes(other) and self.same_graph(other, network)


@dataclass(frozen=True)
class Ready:
    """An engine, and what it is open for."""

    engine: Engine[Any]
    wanted: Wanted

"""One case of a sweep, opened: the engine for all octaves, and the facts that name it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from ..choices import Choices
from ..dream.device import Device
from ..dream.dreamer import Dreamer
from ..dream.stages import Stage, TimedDreamer
from ..dream.values import Dream
from ..gradient.engine import Engine
from ..gradient.network import Network
from ..gradient.selection import Engines
from ..progress import Progress
from ..start import network_of, open_engine
from ..store.hashes import content_hash
from .clocks import clocks_of
from .schema import GraphFacts, RecipeFacts

LIVE_ONLY = ("half_life", "strength", "tone", "zoom", "turn", "drift_x", "drift_y")
"""Fields of `Dream` that a recipe for single pictures does not use."""


@dataclass(frozen=True)
class Sweep:
    """What is varied. size: (width, height); layers: None for the model's own."""

    sizes: tuple[tuple[int, int], ...]
    layers: tuple[str | None, ...]
    providers: tuple[str, ...]
    precisions: tuple[str, ...]

    def cases(self, choices: Choices) -> Iterator[Choices]:
        """`choices` with every combination, the sizes innermost."""
        for provider, precision, layers, size in product(
            self.providers, self.precisions, self.layers, self.sizes
        ):
            yield replace(choices, provider=provider, precision=precision, layers=layers, size=size)


@dataclass(frozen=True)
class Opened:
    """A case, ready to be measured. size: (height, width)."""

    choices: Choices
    engines: Engines
    engine: Engine[Any]
    dream: Dream
    live: bool
    size: tuple[int, int]

    @property
    def network(self) -> Network:
        return self.engines.network

    @property
    def device(self) -> Device[Any]:
        return self.engines.platform.device

    def dreamer(self, stage: Stage | None = None, *, waited: bool = False) -> Dreamer[Any]:
        """A fresh one, from the case's seed. stage, waited: as of `TimedDreamer`."""
        made_of = self.device, self.engine, self.dream
        if stage is None:
            return Dreamer(*made_of, seed=self.choices.seed)
        return TimedDreamer(*made_of, seed=self.choices.seed, stage=stage, waited=waited)

    def gradient(self, image: Any) -> Any:
        """The engine's, of an image on the device, and finished: a card is waited for."""
        gradient = self.engine.gradient(image)
        for clock in clocks_of(self.device):
            clock.wait()
        return gradient

    def close(self) -> None:
        """End the sessions, and give back the memory that they and the frames took."""
        self.engines.close()
        self.device.trim()

    @property
    def octaves(self) -> list[tuple[int, int]]:
        """(height, width) from small to large."""
        return self.dream.sizes(*self.size)(self.engine.minimum_size)

    @property
    def megapixel_steps(self) -> float:
        """Of one frame."""
        return megapixel_steps(self.octaves, self.dream.steps)

    @property
    def precision(self) -> str:
        return self.engine.describe()["precision"]


def open_case(choices: Choices, progress: Progress, say: Callable[[str], None]) -> Opened:
    """Everything opened and run once, on the best provider that starts, even if it takes minutes
    to build. Raises as `open_engine` does."""
    if choices.size is None:
        raise ValueError("a case has a size")
    width, height = choices.size
    size = (height, width)
    engines, engine = open_engine(
        choices, network_of(choices, say), size, progress, say, ahead=1, built=True
    )
    return Opened(choices, engines, engine, choices.dream(), choices.live, size)


def megapixel_steps(octaves: list[tuple[int, int]], steps: int) -> float:
    """The work of a frame that can be compared between recipes: octave pixels times steps / 1e6.

    Only within one network and layer.
    """
    return sum(height * width for height, width in octaves) * steps / 1e6


def graph_facts(opened: Opened) -> GraphFacts:
    """Of the file that runs."""
    graph = opened.engine.graph
    return GraphFacts(
        sha256=content_hash(graph.path),
        form=graph.form,
        precision=graph.precision,
        weights=Path(graph.weights).name if "://" not in graph.weights else graph.weights,
        weights_sha256=graph.weights_sha256,
    )


def recipe_facts(name: str, live: bool, dream: Dream) -> RecipeFacts:
    """The values, and a hash that is equal where the work of a frame is."""
    values = {
        field: float(value)
        for field, value in asdict(dream).items()
        if live or field not in LIVE_ONLY
    }
    text = json.dumps({"live": live, **values}, sort_keys=True)
    return RecipeFacts(
        name=name, sha256=hashlib.sha256(text.encode()).hexdigest(), live=live, values=values
    )

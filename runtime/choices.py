"""What was asked for, before anything is looked up. Light: the command line makes it at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .control.recipes import RECIPES
from .dream.values import Dream


@dataclass(frozen=True)
class Choices:
    """The shared options of the commands, as they were given.

    layers: the text of an objective; None for the model's own. size: (width, height).
    overrides: the values of `Dream` that were given on the command line.
    """

    model: str
    layers: str | None
    graph: Path | None
    weights: str
    recipe: str
    provider: str
    precision: str
    size: tuple[int, int] | None
    seed: int
    overrides: dict[str, Any]

    @property
    def files(self) -> tuple[Path | str | None, ...]:
        """What is read besides the picture; an output may name none of it."""
        return self.graph, None if self.weights in ("auto", "random") else self.weights

    @property
    def live(self) -> bool:
        """Whether the dream of one frame is carried into the next."""
        return RECIPES[self.recipe].live

    def dream(self) -> Dream:
        """The recipe's values, with the given ones in their place."""
        return replace(RECIPES[self.recipe].dream, **self.overrides)

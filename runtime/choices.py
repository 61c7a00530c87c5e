"""What was asked for, before anything is looked up. Light: the command line makes it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .control.recipes import RECIPES
from .declared import declared
from .dream.values import Dream

FLOWN = ("seconds", "fps", "rate", "rotate", "path")
"""What says where a flight goes."""

GROWN = ("turn", "zoom")
"""What means something else in the settings of a picture that grew from nothing."""


@dataclass(frozen=True)
class Choices:
    """The shared options of the commands, as they were given.

    layers: the text of an objective; None for the model's own. size: (width, height).
    settings: the picture whose settings take the place of the defaults, which was read already.
    overrides: the values of `Dream` that were given on the command line. guide: photos that guide
    the dream. card: which graphics card, by CUDA's number. launcher: the library that launches its
    kernels. wait: how a card is waited for.
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
    settings: Path | None
    overrides: dict[str, Any]
    guide: tuple[Path, ...] = ()
    card: int = 0
    launcher: str = "auto"
    wait: str = "block"

    @property
    def files(self) -> tuple[Path | str | None, ...]:
        """What is read besides the picture; an output may name none of it."""
        weights = None if self.weights in ("auto", "random") else self.weights
        return self.graph, weights, self.settings, *self.guide

    @property
    def live(self) -> bool:
        """Whether the dream of one frame is carried into the next."""
        return RECIPES[self.recipe].live

    def dream(self) -> Dream:
        """The recipe's values, with the given ones in their place."""
        return replace(RECIPES[self.recipe].dream, **self.overrides)


def options_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The options, by name, that the settings of a picture stand for; what says nothing of a dream
    is left away, numbers are brought into their ranges.

    Neither provider nor precision: those are the machine's. Raises UsageError for what is no number
    where one is needed.
    """
    texts = (
        "model", "layers", "guide", "recipe", "size", "fit", "written", "projection", "stereo",
        "mask",
    )  # fmt: skip
    options = {name: settings[name] for name in texts if isinstance(settings.get(name), str)}
    for each in declared(Dream):
        if each.name in settings and not ("canvas" in settings and each.name in GROWN):
            options[each.name] = each.clamp(settings[each.name])
    if str(settings.get("weights")).startswith("random"):
        options["weights"] = "random"
    if isinstance(settings.get("seed"), int):
        options["seed"] = settings["seed"]
    return options

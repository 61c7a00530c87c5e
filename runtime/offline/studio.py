"""Stills one after another, of any size and of any layers of one network."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from ..choices import Choices
from ..dream.values import Dream
from ..gradient.objective import Objective
from ..gradient.selection import Engines, Opening
from ..progress import stages
from ..start import in_tiles, kind_of, network_of, opened_sizes, platform_of, settings_of


class Studio:
    """Sessions for the size at hand, one graph for everything that will be climbed."""

    def __init__(self, console: Console, choices: Choices, layers: str | None) -> None:
        """layers: a text that names every layer that will be climbed, None for the network's own.

        Raises as `network_of` and `find_platform` do, and UsageError for unknown layers.
        """
        self.console, self.choices = console, choices
        self.network = network_of(choices, console.print)
        self.everything = self.network.objective(layers)
        self._told = False
        platform = platform_of(choices, console.print, reopens=True)
        self.engines = Engines(self.network, platform)

    def still(
        self,
        picture: np.ndarray,
        objective: Objective,
        dream: Dream,
        seed: int,
        mask: np.ndarray | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """The dream of `picture`, both uint8 BGR [height, width, 3], and what made it.
        mask: where, as of `Dreamer`.

        Raises UsageError for a picture that is too small, LivedreamError where nothing opens.
        """
        _, width, _ = picture.shape
        device, size = self.engines.platform.device, (len(picture), width)
        sizes = opened_sizes(device, dream.sizes(*size), size)
        with stages(self.console) as report:
            opening = Opening(report, self.console.print)
            self.engines.quick(self.everything, sizes, opening)
            engine = self.engines.quick(objective, sizes, opening)
        if not self._told:
            self._told = True
            self.console.print(f"{self.network.model} {self.everything} on {engine.provider.name}")
        self.engines.let_go(engine, sizes)
        climbed = in_tiles(device, engine, size, seed)
        dreamer = kind_of(self.choices.recipe)(device, climbed, dream, seed=seed)
        dreamer.mask = mask
        return dreamer.still(picture), settings_of(dreamer, self.choices.recipe)

    def close(self) -> None:
        """End all sessions."""
        self.engines.close()

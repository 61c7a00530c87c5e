"""Where presets stand, by number: the built-in looks, and what is stored while no folder is
open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from .cues import Cue
from .looks import looks, pictures
from .presets import Preset


class Shelf(Protocol):
    """Presets by number."""

    @property
    def presets(self) -> Mapping[int, Preset]:
        """Those there are now; another mapping once one of them has changed."""
        ...

    @property
    def cues(self) -> tuple[Cue, ...]:
        """The order of the show; empty where nobody wrote one."""
        ...

    def keep(self, number: int, preset: Preset, picture: np.ndarray | None) -> str:
        """Put `preset` there in place of what was, and tell in a sentence where it is.

        picture: uint8 BGR [height, width, 3] of how it looks. Raises LivedreamError where it cannot
        be kept.
        """
        ...

    def thumbnail(self, number: int) -> Path | None:
        """The picture of how a preset looks, where there is a file of it."""
        ...


class Looks:
    """The built-in looks for a network with `layers`, name -> channels; what is stored beside them
    ends with the program."""

    cues: tuple[Cue, ...] = ()

    def __init__(self, layers: Mapping[str, int]) -> None:
        self.presets: Mapping[int, Preset] = looks(layers)
        self._pictures = pictures(layers)

    def keep(self, number: int, preset: Preset, picture: np.ndarray | None) -> str:
        self._pictures.pop(number, None)
        self.presets = {**self.presets, number: preset}
        return f"Stored as {number} until the end; with --show FOLDER it stays"

    def thumbnail(self, number: int) -> Path | None:
        path = self._pictures.get(number)
        return path if path and path.is_file() else None

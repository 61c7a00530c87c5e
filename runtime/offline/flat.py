"""Pictures as they are, dreamt where a mask says."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from ..choices import Choices
from ..dream.dreamer import Dreamer
from ..gradient.network import Network
from ..start import open_dreamer, settings_of
from .enlarging import enlarged
from .where import Mapped


class Flat:
    """Dreams pictures of one size, uint8 BGR [height, width, 3]; what `Panorama` is for those of
    the whole sphere."""

    def __init__(
        self, console: Console, choices: Choices, network: Network, size: tuple[int, int],
        where: Mapped, *, clip: bool,
    ) -> None:  # fmt: skip
        """size: (height, width). clip: the pictures are the frames of one, in order. Raises what
        opening a network raises."""
        self._dreamer, self._engines = open_dreamer(choices, network, size, console, clip=clip)
        self._recipe, self._where, self._size = choices.recipe, where, size
        self._live = clip and choices.live

    @property
    def dreamers(self) -> list[tuple[Dreamer[Any], tuple[int, int]]]:
        """The one that dreams, and the (height, width) of its pictures."""
        return [(self._dreamer, self._size)]

    def dreamt(self, picture: np.ndarray, seconds: float = 0.0) -> np.ndarray:
        """The dream of a picture, taken at `seconds` of its clip."""
        dreamer = self._dreamer
        dreamer.mask = self._where.of(picture, seconds)
        return dreamer.live(picture, seconds) if self._live else dreamer.still(picture)

    def over(self, whole: np.ndarray, small: np.ndarray, dream: np.ndarray) -> np.ndarray:
        """The newest dream, of `small`, on the same picture as it is, see `enlarged`."""
        dreamer = self._dreamer
        return enlarged(whole, small, dream, dreamer.dream.camera, mask=dreamer.mask)

    def settings(self) -> dict[str, Any]:
        """What makes its pictures, for the files that hold them."""
        return {**settings_of(self._dreamer, self._recipe), "mask": self._where.where}

    def close(self) -> None:
        """End all sessions."""
        self._engines.close()

"""Where photos and clips are dreamt: a mask of each picture, found before it is dreamt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..presence.kinds import OF_PEOPLE
from ..presence.masks import SMOOTHING, Masker
from ..presence.models import Models


class Mapped:
    """Masks of pictures, as `where` says, see `Where`. follows: the pictures are those of a clip,
    one after the other, and so are their masks.

    Raises LivedreamError where the model of people is needed and cannot be had, UsageError for what
    moves in pictures that do not follow each other.
    """

    def __init__(
        self, where: str, model: Path | None, say: Callable[[str], None], *, follows: bool = False
    ) -> None:
        if where == "moving" and not follows:
            raise UsageError("Nothing moves in a photo; choose another --mask.")
        self.where = where
        self._people = Models(people=model, say=say).people() if where in OF_PEOPLE else None
        self._masker = Masker(SMOOTHING if follows else 0, at_once=True)

    def of(self, picture: np.ndarray, seconds: float = 0.0) -> np.ndarray | None:
        """float32 [h, w], 0..1, of `picture`, uint8 BGR, at `seconds` of its clip; None is
        everywhere."""
        people = self._people(picture) if self._people else None
        mask = self._masker.masked(picture, seconds, self.where, people)
        return None if mask is None else mask.weights

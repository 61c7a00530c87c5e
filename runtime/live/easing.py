"""Flashes eased where the dream is small: pulling its residual costs little, and pulling the whole
picture as much as making it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from ..safety.processors import processor
from ..scaling import resized
from .composition import NONE, compose

Weigh = Callable[[np.ndarray], np.ndarray | None]
"""From about the cells of a picture how far it is to be pulled, as `FlashLimiter.foreseen`."""

FAINTEST = 0.5
"""Amount of the dream from which on its residual has room for a pull."""


class Easing:
    """Makes pictures that the limiter has little left to do with. It proves nothing: the limiter
    measures what is shown.

    What flashes is pulled toward the picture shown before in what the dream's size can show; finer
    detail stays that of the camera.
    """

    def __init__(self) -> None:
        self._pixels = processor()
        self._last: np.ndarray | None = None
        """What was shown last, small, where that is known."""

    def eased(
        self,
        camera: np.ndarray,
        residual: np.ndarray,
        amount: float,
        contrast: float,
        shown: np.ndarray,
        weigh: Weigh,
    ) -> np.ndarray | None:
        """The residual, with which `compose` makes a picture that flashes less; None where it needs
        nothing.

        camera: the camera's picture as small as it is dreamt, uint8 [h, w, 3]. residual: bytes
        around NONE, of any size. shown: the picture shown before, of any size.
        """
        height, width = camera.shape[:2]
        picture = compose(camera, resized(residual, width, height), amount, contrast)
        last, self._last = self._last, None
        weights = weigh(self._pixels.measure(picture))
        if weights is None:
            return None
        if last is None or last.shape != picture.shape:
            last = resized(shown, width, height)
        self._last = self._pixels.mixed(picture, last, weights)
        pull = cv2.addWeighted(self._last, 1, picture, -1, NONE)
        pull = resized(pull, residual.shape[1], residual.shape[0])
        return cv2.addWeighted(residual, 1, pull, 1 / amount, -NONE / amount)

    def forget(self) -> None:
        """Something else was shown than what was eased last."""
        self._last = None

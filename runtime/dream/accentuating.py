"""Feature accentuation of a photo: what a layer sees in it made plainer, and only where it sees it.

After Hamblin et al., "Feature Accentuation: Revealing 'What' Features Respond to in Natural Images"
(2024), and its form in Horama: climb from the photo, in waves of colours that do not depend on each
other, under random views, held to the photo by a penalty, and shown where the layer responded.
"""

from __future__ import annotations

import cv2
import numpy as np

from ... import kernels
from ..errors import UsageError
from .canvas import MIX, Waves, spectrum_of
from .device import Array
from .dreamer import Dreamer
from .growing import Growth, grow

RATE = 0.004
"""Of Adam, for each level of the step size."""

SOFT = 0.02
"""Sigma of the opacity, as a share of the longer side."""

PLAIN = 0.9
"""Share of the pixels that are less than fully opaque."""

FURTHEST = 0.98
"""How far from grey a colour still lies on the slope of the sigmoid."""


class Photo(Waves):
    """The waves of a photo, float32 [3, height, width]: its very pixels as long as no value
    changes."""

    def __init__(self, photo: np.ndarray) -> None:
        _, height, width = photo.shape
        super().__init__(height, width, np.random.default_rng(0))
        free = np.einsum("ij,jhw->ihw", np.linalg.inv(MIX), 2 * np.arctanh(_within(photo)))
        spectrum = spectrum_of(free, once=True) / self.weights
        self.values = np.stack((spectrum.real, spectrum.imag))
        self._rest = np.float32(0)
        self._rest = photo - self.image()

    def image(self) -> np.ndarray:
        return np.clip(super().image() + self._rest, 0, 1)


class Accentuator(Dreamer[Array]):
    """Dreams photos as they are, at one size: of the dream's values the steps, their size, the
    jitter, the priors and the camera's contrast count."""

    def sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        return [(height, width)]

    def still(self, bgr: np.ndarray) -> np.ndarray:
        """The photo, uint8 BGR, accentuated. Raises UsageError for a prior that changes pixels."""
        dream = self.dream
        if dream.priors.cleans:
            raise UsageError(
                "The priors blur and clip change pixels, and `accentuate` waves: "
                "of the priors it takes tv and l2."
            )
        photo = kernels.to_planar(bgr, dream.camera)
        growth = Growth(
            dream.steps, rate=RATE * dream.step_size, shift=dream.jitter, priors=dream.priors
        )
        seen = np.zeros(photo.shape[1:], np.float32)

        def on_step(gradient: np.ndarray) -> None:
            np.add(seen, np.abs(gradient).sum(0), out=seen)
            if self.on_step:
                self.on_step()

        image = grow(Photo(photo), self.engine.probe, growth, self._random, on_step, photo)
        weight = opacity(seen)
        if self.mask is not None:
            weight = weight * kernels.resample(self.mask[None], *weight.shape)[0]
        return kernels.to_bytes(photo + weight * (image - photo))


def opacity(seen: np.ndarray) -> np.ndarray:
    """How much of it is shown, float32 [height, width] in 0..1, by the gradients that were summed
    up there: the paper's mask."""
    soft = cv2.GaussianBlur(seen, (0, 0), max(1.0, SOFT * max(seen.shape)))
    return np.clip(soft / max(float(np.quantile(soft, PLAIN)), 1e-12), 0, 1)


def _within(photo: np.ndarray) -> np.ndarray:
    """-1 to 1, and not quite."""
    return np.clip(2 * photo.astype(np.float64) - 1, -FURTHEST, FURTHEST)

"""A picture that grows from nothing: feature visualisation and textures.

After Erhan et al. 2009, Simonyan et al. 2013, Mordvintsev et al. 2015 and Olah et al. 2017: climb
the gradient from noise, robust to small shifts, turns and changes of scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from .canvas import GREY, Canvas
from .priors import Priors

Gradient = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Growth:
    """How a picture grows. iterations: steps. rate: of Adam, in the canvas's own unit. shift:
    largest random shift of a step, pixels; None is anywhere. turn:
    largest random turn of a step, degrees. zoom: largest random change of scale of a step, as a
    share of 1."""

    iterations: int = 256
    rate: float = 0.05
    shift: int | None = None
    turn: float = 5.0
    zoom: float = 0.1
    priors: Priors = field(default_factory=Priors)


class Adam:
    """Kingma and Ba, 2014, upwards; with their values."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.steps = 0
        self.mean: np.ndarray | float = 0.0
        self.square: np.ndarray | float = 0.0

    def step(self, gradient: np.ndarray) -> np.ndarray:
        """What is added to the values for this gradient of theirs."""
        self.steps += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient * gradient
        mean = self.mean / (1 - 0.9**self.steps)
        square = self.square / (1 - 0.999**self.steps)
        return self.rate * mean / (np.sqrt(square) + 1e-8)


@dataclass(frozen=True)
class View:
    """One step's way of looking at the torus: shifted, turned, nearer or farther."""

    dx: int
    dy: int
    degrees: float
    scale: float

    def of(self, image: np.ndarray) -> np.ndarray:
        """The image as this view shows it, float32 [3, height, width]."""
        return self._turned(np.roll(image, (self.dy, self.dx), (1, 2)), self.degrees, self.scale)

    def back(self, gradient: np.ndarray) -> np.ndarray:
        """A gradient of the view, carried back to the image by the inverse turn and shift; for
        turns that is the adjoint but for the rounding of bilinear sampling."""
        straight = self._turned(gradient, -self.degrees, 1 / self.scale)
        return np.roll(straight, (-self.dy, -self.dx), (1, 2))

    @staticmethod
    def _turned(image: np.ndarray, degrees: float, scale: float) -> np.ndarray:
        if degrees == 0 and scale == 1:
            return image
        _, height, width = image.shape
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
        pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
        turned = cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_WRAP)
        return np.ascontiguousarray(turned.transpose(2, 0, 1))


def random_view(height: int, width: int, growth: Growth, random: np.random.Generator) -> View:
    """A view on the torus, within the shift, turn and zoom of `growth`."""
    if growth.shift is None:
        dx, dy = random.integers(width), random.integers(height)
    else:
        dx, dy = random.integers(-growth.shift, growth.shift, 2, endpoint=True)
    return View(
        int(dx),
        int(dy),
        float(random.uniform(-growth.turn, growth.turn)),
        float(1 + random.uniform(-growth.zoom, growth.zoom)),
    )


def grow(
    canvas: Canvas,
    gradient: Gradient,
    growth: Growth,
    random: np.random.Generator,
    on_step: Callable[[np.ndarray], None] = lambda gradient: None,
    ground: np.ndarray | np.float32 = GREY,
) -> np.ndarray:
    """Climb `gradient`, image to gradient, both float32 [3, height, width], on the canvas.

    Returns the image, float32 [3, height, width], RGB in 0..1. It tiles: every step sees the
    torus shifted by another random amount, so no edge is ever an edge for long. on_step: gets each
    step's gradient, of mean size 1. ground: what the priors hold it to.
    """
    adam = Adam(growth.rate)
    for _ in range(growth.iterations):
        image = canvas.image()
        _, height, width = image.shape
        view = random_view(height, width, growth, random)
        found = view.back(gradient(view.of(image)))
        found /= np.abs(found).mean() + np.float32(1e-12)
        canvas.values += adam.step(canvas.pull(growth.priors.pull(found, image - ground)))
        if growth.priors.cleans:
            canvas.values[...] = ground + growth.priors.clean(canvas.image() - ground, found)
        on_step(found)
    return canvas.image()

"""How a frame is dreamt: the values of the method, each declared where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..declared import number
from .drift import Drift
from .octaves import octave_sizes
from .priors import PRIORS, Priors


@dataclass(frozen=True)
class Dream:
    """How a frame is dreamt. A recipe is a set of values for it."""

    octaves: int = number(
        2, "Scales the dream grows on, small to large.", low=1, high=12, step=1, cost="prepared"
    )
    octave_scale: float = number(
        1.4, "Size ratio between one octave and the next.", low=1.05, high=4, step=0.1,
        cost="prepared",
    )  # fmt: skip
    steps: int = number(1, "Gradient steps per octave.", low=1, high=200, step=1, curve="log")
    step_size: float = number(
        1.5, "Mean change of a pixel in one gradient step.", low=0, high=32, step=0.25,
        unit="levels of 255", curve="log", smoothing=0.1,
    )  # fmt: skip
    jitter: int = number(
        32, "Largest random shift before each step.", low=0, high=512, step=4, unit="pixels",
        curve="log",
    )  # fmt: skip
    blur: float = number(
        0, "Gaussian smoothing of the gradient, sigma.", low=0, high=8, step=0.25, unit="pixels",
        smoothing=0.1,
    )  # fmt: skip
    colour: float = number(
        1, "How colourful the dream is: 1 as the network draws, 0 nearly grey.", low=0, high=1.25,
        step=0.05, smoothing=0.1,
    )  # fmt: skip
    coarseness: float = number(
        0, "How much larger shapes gain over fine ones; 1 as in nature, 0 as the network draws.",
        low=0, high=2, step=0.25, smoothing=0.1,
    )  # fmt: skip
    tv: float = number(
        0, "Pull towards less variation of what the dream adds, over its gradient.", low=0,
        high=PRIORS["tv"][1], step=0.1, curve="log", smoothing=0.1,
    )  # fmt: skip
    l2: float = number(
        0, "Pull of what the dream adds towards nothing, over its gradient.", low=0,
        high=PRIORS["l2"][1], step=0.5, curve="log", smoothing=0.1,
    )  # fmt: skip
    smooth: float = number(
        0, "Gaussian smoothing of what the dream added before each step, sigma.", low=0,
        high=PRIORS["blur"][1], step=0.25, unit="pixels", smoothing=0.1,
    )  # fmt: skip
    clip_norm: float = number(
        0, "Share of pixels where the dream adds least and is let go before each step.", low=0,
        high=1, step=0.05, smoothing=0.1,
    )  # fmt: skip
    clip_contribution: float = number(
        0, "Share of pixels where the layer would miss the dream least, let go before each step.",
        low=0, high=1, step=0.05, smoothing=0.1,
    )  # fmt: skip
    half_life: float = number(
        0, "Time in which an old dream fades to half, at 25 frames a second; live recipes only.",
        low=0, high=60, step=0.1, unit="seconds", curve="log", smoothing=0.1,
    )  # fmt: skip
    strength: float = number(
        0, "Mean change of a pixel that a live dream may build up; 0 is no limit.", low=0,
        high=128, step=2, unit="levels of 255", smoothing=0.1,
    )  # fmt: skip

    camera: float = number(
        1, "Contrast that the camera keeps under the dream; 0 dreams on plain grey.", low=0, high=1,
        step=0.05, smoothing=0.2,
    )  # fmt: skip
    tone: float = number(
        0, "Where the dream shows: 1 in the lights, -1 in the shadows, 0 everywhere; live only.",
        low=-1, high=1, step=0.1, smoothing=0.2,
    )  # fmt: skip
    detail: float = number(
        0, "Each octave steps 2 to this power as wide as the next smaller one: above 0 finer.",
        low=-1, high=1, step=0.25, smoothing=0.2,
    )  # fmt: skip
    zoom: float = number(
        1, "Growth of the carried dream about the centre; live recipes only.", low=0.25, high=4,
        step=0.05, unit="times a second", smoothing=0.2,
    )  # fmt: skip
    turn: float = number(
        0, "Rotation of the carried dream, clockwise; live recipes only.", low=-180, high=180,
        step=5, unit="degrees a second", smoothing=0.2,
    )  # fmt: skip
    drift_x: float = number(
        0, "Wandering of the carried dream to the right; live recipes only.", low=-1, high=1,
        step=0.05, unit="widths a second", smoothing=0.2,
    )  # fmt: skip
    drift_y: float = number(
        0, "Wandering of the carried dream downwards; live recipes only.", low=-1, high=1,
        step=0.05, unit="heights a second", smoothing=0.2,
    )  # fmt: skip

    @property
    def priors(self) -> Priors:
        return Priors(self.tv, self.l2, self.smooth, self.clip_norm, self.clip_contribution)

    @property
    def drift(self) -> Drift:
        return Drift(self.zoom, self.turn, self.drift_x, self.drift_y)

    def stresses(self, octaves: int) -> list[float]:
        """How much wider the steps of each of so many octaves are, small to large; 1 at `detail`
        0."""
        return [2 ** (self.detail * (each - (octaves - 1) / 2)) for each in range(octaves)]

    def sizes(self, height: int, width: int) -> Callable[[int], list[tuple[int, int]]]:
        """The octaves of a picture of this size, as a function of the network's smallest side."""
        return lambda minimum: octave_sizes(height, width, self.octaves, self.octave_scale, minimum)

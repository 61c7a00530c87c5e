"""DeepDream, written once for every device.

The method is the notebook of Mordvintsev, Olah and Tyka (google/deepdream, 2015): climb the
gradient of a layer's response, on octaves from small to large, under random shifts. `live` feeds
the dream of one frame into the next: the residual (dream minus camera) follows the optical flow,
fades, and is dropped where the flow cannot be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic

import numpy as np

from .device import Array, Climbed, Device
from .drift import drifting
from .effects import EFFECTS, cleaned, pulled
from .flow import Motion, MotionTracker, Step
from .pace import LONGEST_GAP, pace
from .values import Dream

LEVEL = 1 / 255
"""Step size and strength are given in levels of an 8-bit picture."""

GRASP = np.float32(4)
"""A mask holds the carried dream where it is above 1 / GRASP: at a soft edge it would else wear
away frame by frame."""


class Dreamer(Generic[Array]):
    """Dreams frames on a device. `dream`, `engine` and `mask` may be replaced between two
    frames.

    mask: where to dream, float32 [h, w] of any size, 0..1; None is everywhere. Inside of it the
    dream is as strong as without one. on_step: called after every gradient step, for progress.
    latest: asked after every gradient for what `dream` is from then on, in the same frame; octaves
    and `camera` stay as they were.
    in_turn: `live` climbs one octave a frame, the others in the frames after it, for a part of the
    cost.
    """

    make_tracker = MotionTracker

    def __init__(
        self,
        device: Device[Array],
        engine: Climbed[Array],
        dream: Dream,
        *,
        seed: int = 0,
    ) -> None:
        self.device = device
        self.engine: Any = engine  # Whoever put it there knows what else it can do.
        self.dream = dream
        self.seed = seed
        self.mask: np.ndarray | None = None
        self.on_step: Callable[[], None] | None = None
        self.latest: Callable[[], Dream] | None = None
        self.in_turn = False
        self._turn = 0
        self._random = np.random.default_rng(seed)
        self._tracker = self.make_tracker()
        self._motion: Motion | None = None
        """To the last frame of `live` from the one before it; None where a shot began."""
        self.carried: Motion | None = None
        """What the last frame of `live` carried the dream by, its fading and drift included; None
        where it began anew."""
        self._residual: Array | None = None
        self._time = -math.inf
        self._quick = 1.0

    def sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        """The octaves of a picture of this size."""
        return self.dream.sizes(height, width)(self.engine.minimum_size)

    def still(self, bgr: np.ndarray) -> np.ndarray:
        """The notebook: one picture, uint8 BGR, dreamt from nothing. Carries detail only."""
        device = self.device
        base = device.upload(bgr, self.dream.camera)
        bases = [base]
        for height, width in self.sizes(*device.size(base))[-2::-1]:
            bases.append(device.resample(bases[-1], height, width, True))
        detail = None
        image = base
        stresses = self.dream.stresses(len(bases))
        for octave_base, stress in zip(reversed(bases), stresses, strict=True):
            image = octave_base
            if detail is not None:
                detail = device.resample(detail, *device.size(octave_base), True)
                image = device.add(octave_base, detail)
            image = self._climb(image, stress, octave_base)
            detail = device.subtract(image, octave_base)
        return device.download(image, base)

    def live(self, bgr: np.ndarray, time: float) -> np.ndarray:
        """The next picture of a stream, uint8 BGR, taken at `time` seconds."""
        device = self.device
        gap, self._time = time - self._time, time
        base = device.upload(bgr, self.dream.camera)
        self._quick = quick = pace(gap)
        old = self._carry(bgr, gap, self.dream.half_life * quick)
        image = base if old is None else device.add(base, old)
        full = device.size(base)
        for (height, width), stress in self._turns(self.sizes(*full)):
            if (height, width) == full:
                image = self._climb(image, quick * stress, base)
                continue
            small = device.resample(image, height, width, False)
            ground = device.resample(base, height, width, False) if self.dream.priors else small
            detail = device.subtract(self._climb(small, quick * stress, ground), small)
            image = device.add(image, device.resample(detail, *full, False))
        residual = device.subtract(image, base)
        if self.mask is not None:
            residual = device.mask(residual, np.minimum(1, GRASP * self.mask), 0, 0)
        self._residual = device.limit(residual, self.dream.strength * LEVEL * self._share)
        return device.download(device.add(base, self._residual), base)

    def touched(self, bgr: np.ndarray, wider: float, mask: np.ndarray | None) -> np.ndarray:
        """A picture, uint8 BGR, after the steps of one octave, so many times wider than the last
        frame of `live` took them; `mask` counts instead of that of the whole frame."""
        device, whole = self.device, self.mask
        image = device.upload(bgr)
        self.mask = mask
        try:
            return np.asarray(device.download(self._climb(image, self._quick * wider, image)))
        finally:
            self.mask = whole

    def reset(self) -> None:
        """Let go of the old dream."""
        self._residual = None
        self._tracker.reset()

    @property
    def step(self) -> Step | None:
        """Of the pictures, to the last frame of `live` from the one before it; None where there is
        none."""
        return self._tracker.step

    @property
    def _share(self) -> float:
        """Of the picture, how much is dreamt: means over all of it are that much smaller."""
        return 1.0 if self.mask is None else float(self.mask.mean())

    def _turns(self, sizes: list[tuple[int, int]]) -> list[tuple[tuple[int, int], float]]:
        """The octaves to climb in this frame, and how much wider their steps are."""
        octaves = list(zip(sizes, self.dream.stresses(len(sizes)), strict=True))
        if not self.in_turn:
            return octaves
        self._turn += 1
        size, stress = octaves[self._turn % len(octaves)]
        # Each comes so many times less often: as for a slower dream, see `pace`.
        return [(size, stress * len(octaves) ** 0.5)]

    def _climb(self, image: Array, wider: float, ground: Array) -> Array:
        """The steps of one octave, so many times wider: shift, gradient, normalised ascent, shift
        back. Priors judge what is added to `ground`."""
        device = self.device
        for _ in range(self.dream.steps):
            dx, dy = self._shift(device.size(image)[1])
            shifted = device.jitter(image, dx, dy)
            gradient = self.engine.gradient(shifted)
            if self.latest:
                self.dream = self.latest()
            dream = self.dream
            step = dream.step_size * LEVEL * wider * self._share
            for effect in EFFECTS:
                gradient = effect(device, gradient, dream)
            if dream.priors:
                residual = device.subtract(image, ground)
                gradient = pulled(device, gradient, residual, dream.priors, dx, dy)
                if dream.priors.cleans:
                    residual = cleaned(device, residual, gradient, dream.priors, dx, dy)
                    shifted = device.jitter(device.add(ground, residual), dx, dy)
            if self.mask is not None:
                gradient = device.mask(gradient, self.mask, dx, dy)
            image = device.ascend(shifted, gradient, step, dx, dy)
            if self.on_step:
                self.on_step()
        return image

    def _shift(self, width: int) -> tuple[int, int]:
        """The random shift (x, y), pixels, of the next step on a picture of this width."""
        jitter = self.dream.jitter
        dx, dy = self._random.integers(-jitter, jitter, 2, endpoint=True)
        return dx, dy

    def _carry(self, bgr: np.ndarray, gap: float, half_life: float) -> Array | None:
        """The residual of the last frame, `gap` seconds ago, where it belongs in this one, faded;
        None to start anew."""
        self._motion = motion = self._tracker.track(bgr)
        residual, self.carried = self._residual, None
        if motion is None or residual is None or not 0 <= gap <= LONGEST_GAP:
            return None
        height, width = bgr.shape[:2]
        if self.device.size(residual) != (height, width):
            residual = self.device.resample(residual, height, width, False)
        fade = 0.5 ** (gap / half_life) if half_life else 0.0
        motion = drifting(motion, self.dream.drift, gap)
        self.carried = Motion(motion.flow, motion.keep * np.float32(fade))
        return self.device.warp(residual, motion.flow, self.carried.keep)

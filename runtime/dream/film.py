"""Clips as steady as they get: time is no matter, and nobody waits for the picture.

After Ruder, Dosovitskiy and Brox, "Artistic style transfer for videos" (2016), and the
Hallucination Machine of Suzuki et al. (2017): flow both ways at full size, what was uncovered left
out, every frame begun with the last one's dream, several steps on each.
"""

from __future__ import annotations

import cv2
import numpy as np

from .device import Array
from .dreamer import LEVEL, Dreamer
from .drift import drifting
from .flow import Motion, MotionTracker

BEGINNING = 12
"""Times that the first frame of a shot is dreamt, so that a shot does not begin bare."""

CALM = 0.5
"""Share of what is shown that is carried from the picture shown before."""


class FineTracker(MotionTracker):
    """Follows at the pictures' own size, with DIS at a finer setting. Cuts are looked for small: a
    flow that fine finds its way between any two pictures."""

    preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM

    def __init__(self) -> None:
        self._cuts = MotionTracker()
        super().__init__()

    def track(self, bgr: np.ndarray) -> Motion | None:
        now, last = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), self._last
        self._last = now
        if self._cuts.track(bgr) is None or last is None:
            return None
        return self.between(now, last)


class FilmDreamer(Dreamer[Array]):
    """Dreams the frames of a clip, one after the other."""

    make_tracker = FineTracker

    def __init__(self, *made_of: object, seed: int = 0) -> None:
        super().__init__(*made_of, seed=seed)  # pyright: ignore[reportArgumentType]
        self._shown: Array | None = None

    def live(self, bgr: np.ndarray, time: float) -> np.ndarray:
        """The next frame of a clip, uint8 BGR, shown at `time` seconds."""
        device, before = self.device, self._time
        dream = super().live(bgr, time)
        motion = self._motion
        if motion is None or self._shown is None:
            for _ in range(BEGINNING - 1):
                dream = super().live(bgr, time)
            self._shown = self._residual
            return dream
        motion = drifting(motion, self.dream.drift, time - before)
        residual = self._residual
        assert residual is not None
        kept = motion.keep * np.float32(CALM)
        # Less of the new dream where more of the old one is kept.
        less = device.warp(residual, np.zeros_like(motion.flow), kept)
        old = device.warp(self._shown, motion.flow, kept)
        shown = device.add(device.subtract(residual, less), old)
        self._shown = device.limit(shown, self.dream.strength * LEVEL * self._share)
        return device.download(device.add(device.upload(bgr, self.dream.camera), self._shown))

    def reset(self) -> None:
        super().reset()
        self._shown = None

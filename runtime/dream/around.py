"""Dreams whose left and right sides are neighbours: panoramas of 360 degrees."""

from __future__ import annotations

import cv2
import numpy as np

from .cpu import CpuDevice
from .dreamer import Dreamer
from .flow import Motion, MotionTracker

MARGIN = 0.125
"""Share of the width that is laid on again at each side before the flow is computed: more than
anything moves between two frames."""


class AroundDevice(CpuDevice):
    """The `cpu` device on a cylinder: what looks at neighbours finds them across the seam.

    It computes on three copies side by side and keeps the middle one, which is exact whatever the
    sizes. Two thirds of that are thrown away; the gradient, which is most of a dream, is not.
    """

    def blur(self, gradient: np.ndarray, sigma: float) -> np.ndarray:
        return _middle(super().blur(_thrice(gradient), sigma))

    def balance(self, gradient: np.ndarray, colour: float, coarseness: float) -> np.ndarray:
        return _middle(super().balance(_thrice(gradient), colour, coarseness))

    def resample(
        self, image: np.ndarray, height: int, width: int, align_corners: bool = False
    ) -> np.ndarray:
        # A cylinder has no corners to align: what is small lies under what is large all around.
        return _middle(super().resample(_thrice(image), height, 3 * width))

    def warp(self, residual: np.ndarray, flow: np.ndarray, keep: np.ndarray) -> np.ndarray:
        return _middle(super().warp(_thrice(residual), _thrice(flow), _thrice(keep)))


class AroundTracker(MotionTracker):
    """Follows what leaves on the right and comes in on the left."""

    def track(self, bgr: np.ndarray) -> Motion | None:
        margin = round(bgr.shape[1] * MARGIN)
        wide = cv2.copyMakeBorder(bgr, 0, 0, margin, margin, cv2.BORDER_WRAP)
        motion = super().track(wide)
        if motion is None:
            return None
        side = round(motion.keep.shape[1] * margin / wide.shape[1])
        inner = np.s_[..., side : motion.keep.shape[1] - side]
        return Motion(np.ascontiguousarray(motion.flow[inner]), motion.keep[inner].copy())


class AroundDreamer(Dreamer[np.ndarray]):
    """Dreams panoramas, on an AroundDevice.

    The network sees a seam, for it knows only flat pictures; but a shift of any size before each
    step puts it somewhere else every time, and so nowhere.
    """

    make_tracker = AroundTracker

    def _shift(self, width: int) -> tuple[int, int]:
        _, dy = super()._shift(width)
        return int(self._random.integers(width)), dy


def _thrice(values: np.ndarray) -> np.ndarray:
    return np.concatenate((values, values, values), axis=-1)


def _middle(values: np.ndarray) -> np.ndarray:
    width = values.shape[-1] // 3
    return np.ascontiguousarray(values[..., width : 2 * width])

"""What of the dreams lies over the pictures: carried along, and calmed, from one to the next."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

import cv2
import numpy as np

from ..dream.compositor import Compositor
from ..dream.drift import Drift, drifting
from ..dream.flow import Motion, MotionTracker, Step, doubtful
from ..dream.pace import LONGEST_GAP, RATE
from .composition import toned

Residual = TypeVar("Residual")
"""What a dream added to its picture, where `compositor` keeps it."""

QUICK = 0.03
"""Seconds between pictures below which every other one is taken to go on as the one before went:
the flow is the largest part of carrying."""

FURTHEST = 2.5
"""Times as long as what was followed, a motion may be told from it."""


class _Followed(NamedTuple):
    """The motion from the newest dream's picture to `gray`, of `time`."""

    gray: np.ndarray
    time: float
    motion: Motion


class Afterimage(Generic[Residual]):
    """The newest dream's residual at the place of any later picture, blended into what was shown.

    Only what is shown is calmed: the dream goes on from its own residual, and the camera under it
    is not delayed. What was shown waits at the place of the newest dream, so that one flow a
    picture carries both. Pictures of the camera are given as `small_gray` of them.
    """

    def __init__(self, compositor: Compositor[Residual, Any]) -> None:
        self._compositor = compositor
        self._tracker = MotionTracker()
        self._newest: Residual | None = None
        self._shown: Residual | None = None
        self._share = 0.0  # Of what was shown before the newest dream, in what is shown now.
        self._gray = np.empty(0, np.uint8)
        self._time = self._last = 0.0
        self._way: np.ndarray | None = None  # From the last picture to the newest dream's.
        self._followed: _Followed | None = None  # The last picture, where the next may go on so.

    def dreamt(
        self,
        residual: Residual,
        gray: np.ndarray,
        time: float,
        drift: Drift,
        step: Step | None = None,
    ) -> None:
        """A new dream, of the picture `gray`, taken at `time`. step: to it from any other, where it
        is known: that from the dream before saves to look for it again."""
        before = self._mixed()
        if before is not None:
            if step and step.last is self._gray:
                motion = step.motion
            else:
                motion = self._tracker.between(gray, self._gray)
            if motion is not None:
                motion = drifting(motion, drift, time - self._time)
                before = self._compositor.carried(before, motion, None, residual)
            else:
                before = None
        self._newest, self._shown, self._share = residual, before, 1.0
        self._gray, self._time = gray, time
        self._way = self._followed = None

    def at(
        self, gray: np.ndarray | None, time: float, drift: Drift, calm: float, tone: float
    ) -> Residual | None:
        """What to lay over the picture `gray`, taken at `time`; None for nothing, as after a cut.

        gray: None for the picture of the newest dream itself.
        """
        gap = min(max(time - self._last, 0.0), LONGEST_GAP)
        lasting = calm ** (RATE * gap) if calm > 0 else 0.0
        self._share, self._last = self._share * lasting, time
        mixed = self._mixed()
        if mixed is None:
            return None
        if gray is None:
            return self._compositor.held(mixed, toned(self._gray, tone)) if tone else mixed
        motion = self._gone_on(gray, time) or self._follow(gray, time)
        if motion is None:
            return None
        self._way = motion.flow
        motion = drifting(motion, drift, time - self._time)
        share = toned(gray, tone) if tone else None
        return self._compositor.carried(mixed, motion, share, mixed)

    @property
    def pure(self) -> bool:
        """Whether nothing but the newest dream is shown."""
        return self._shown is None or self._share < 0.01

    def _follow(self, gray: np.ndarray, time: float) -> Motion | None:
        motion = self._tracker.between(gray, self._gray, self._way)
        self._followed = _Followed(gray, time, motion) if motion else None
        return motion

    def _gone_on(self, gray: np.ndarray, time: float) -> Motion | None:
        """The motion to `gray` where it comes so soon after one that was followed, and is so much
        like it, that it moved on at the same pace; else None."""
        last, self._followed = self._followed, None
        if last is None or not self._time < last.time < time < last.time + QUICK:
            return None
        further = (time - self._time) / (last.time - self._time)
        if further > FURTHEST or doubtful(cv2.absdiff(gray, last.gray), gray):
            return None
        return Motion(last.motion.flow * np.float32(further), last.motion.keep)

    def _mixed(self) -> Residual | None:
        if self._newest is None or self._shown is None or self.pure:
            return self._newest
        return self._compositor.blended(self._newest, self._shown, self._share)

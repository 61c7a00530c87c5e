"""Where the dream may be: masks with soft edges, smoothed in time, carried along with motion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ..dream.flow import MotionTracker, following, small_gray

SMOOTHING = 0.5
"""Seconds in which a mask has gone two thirds of the way to what is found."""

EDGE = 0.012
"""Of the picture's width: sigma of the soft edge."""

BAND = 0.12
"""Of the picture's width: how far `around` reaches."""

RESTS = 3
"""So many times as slowly does what moved leave the mask: who moves also stands still at times."""

BEGINS = 1.5
"""Seconds in which everything but what moves has left it first."""

SLOW, QUICK = 0.05, 0.12
"""Picture widths a second, beside the motion of the camera, at which something begins to count as
moving, and from which on it does."""

WHOLE = 0.98
"""A mask that is nowhere less is everywhere."""


@dataclass(frozen=True)
class Mask:
    """weights: float32 [h, w], 0..1, where the dream may be in the picture `gray`, uint8 [h, w] of
    `small_gray`."""

    weights: np.ndarray
    gray: np.ndarray

    @property
    def flipped(self) -> Mask:
        """Left and right exchanged."""
        return Mask(cv2.flip(self.weights, 1), cv2.flip(self.gray, 1))


class Follower:
    """Brings masks to where what they lie on has moved. For one thread."""

    def __init__(self) -> None:
        self._tracker = MotionTracker()

    def carried(self, mask: Mask, gray: np.ndarray) -> np.ndarray:
        """The weights in a later picture, `gray` of it; float32 of its size."""
        if mask.gray.shape != gray.shape:
            size = gray.shape[::-1]
            mask = Mask(cv2.resize(mask.weights, size), cv2.resize(mask.gray, size))
        if np.array_equal(mask.gray, gray):
            return mask.weights
        x, y = self._tracker.flow_to(gray, mask.gray)
        return cv2.remap(
            mask.weights, *following(x, y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )


class Masker:
    """From what is found in one picture after the other to masks. A pure function of what it was
    given: times are in seconds.

    smoothing: seconds; 0 for pictures that have nothing to do with each other. at_once: the first
    mask is what is found, and not on its way there from everywhere.
    """

    def __init__(self, smoothing: float = SMOOTHING, *, at_once: bool = False) -> None:
        self._smoothing, self._at_once = smoothing, at_once
        self._tracker, self._follower = MotionTracker(), Follower()
        self._mask: Mask | None = None  # None is everywhere.
        self._last: np.ndarray | None = None
        self._time = 0.0
        self._begun: float | None = None  # Of what moves.

    def masked(
        self, bgr: np.ndarray, time: float, where: str, people: np.ndarray | None
    ) -> Mask | None:
        """The mask of `bgr`, uint8 [height, width, 3], taken at `time`; None is everywhere.

        where: as of `Where`. people: float32 [h, w] of any size, 0..1, where they are; needed for
        what is said of them.
        """
        gray = small_gray(bgr)
        passed, self._time = time - self._time, time
        last, self._last = self._last, gray
        if where == "everywhere":
            if self._mask is None:
                return None
            found = np.ones(gray.shape, np.float32)
        elif where == "moving":
            found = np.zeros(gray.shape, np.float32)
            if last is not None and last.shape == gray.shape and 0 < passed < 2:
                found = moving(self._tracker.flow_to(gray, last), passed)
        else:
            assert people is not None
            found = shaped(cv2.resize(people, gray.shape[::-1]), where)
        found = soft(found)
        old = found if self._at_once and last is None else np.ones(gray.shape, np.float32)
        if self._mask is not None:
            old = self._follower.carried(self._mask, gray)
        share = self._share(passed)
        if where != "moving":
            self._begun = None
        elif self._begun is None:
            self._begun = time
        elif time - self._begun > BEGINS:
            share = np.where(found > old, share, self._share(passed / RESTS))
        mask = Mask(old + share * (found - old), gray)
        through = where == "everywhere" and mask.weights.min() > WHOLE
        self._mask = None if through else mask
        return self._mask

    def _share(self, passed: float) -> np.float32:
        """How far a mask goes in so many seconds to what is found, 0..1."""
        way = math.exp(-max(passed, 0.0) / self._smoothing) if self._smoothing else 0.0
        return np.float32(1 - way)


def shaped(people: np.ndarray, where: str) -> np.ndarray:
    """The mask of people as it is, or a band around them, or all but them; float32 [h, w]."""
    if where == "people":
        return people
    if where == "behind":
        return 1 - people
    reach = max(1, round(BAND * people.shape[1]))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    band = cv2.dilate(people, kernel)
    return cv2.GaussianBlur(band, (0, 0), reach / 3) * (1 - people)


def moving(flow: tuple[np.ndarray, np.ndarray], seconds: float) -> np.ndarray:
    """How sure it is, 0..1, that a place moves otherwise than the picture as a whole; float32
    [h, w]. flow: (x, y) in pixels, over so many seconds."""
    x, y = (plane - np.median(plane) for plane in flow)
    speed = cv2.blur(np.hypot(x, y), (5, 5)) / (seconds * x.shape[1])
    sure = ((speed - SLOW) / (QUICK - SLOW)).clip(0, 1).astype(np.float32)
    return cv2.dilate(sure, np.ones((5, 5), np.uint8))


def masked(camera: np.ndarray, dream: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`dream` where `mask`, float32 [h, w] of any size, is 1, and `camera` where it is 0, both
    uint8 [height, width, 3]."""
    height, width = camera.shape[:2]
    weight = cv2.resize(mask, (width, height))
    return cv2.blendLinear(dream, camera, weight, 1 - weight)


def soft(mask: np.ndarray) -> np.ndarray:
    """Its edges EDGE wide."""
    return cv2.GaussianBlur(mask, (0, 0), max(0.5, EDGE * mask.shape[1]))

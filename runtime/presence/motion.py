"""Whether somebody is there, without a model: what of the room is not as it was.

A picture of the empty room is kept up to date; what differs from it for longer than noise does and
is large enough is somebody. Light that changes everywhere at once is a switch, and light that
changes slowly is the sun: neither is a visitor.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from .own_light import OwnLight

LONG_SIDE = 160
"""Pixels; larger pictures are made this small."""

SUDDEN = 0.6
"""Share of the picture that a light switch changes between two looks, and a person does not."""

CHANGED = 12
"""Levels of 255 from one look to the next that count for that."""

LEAST = 14
"""Levels of 255 that a visitor differs from the empty room at least."""

ABOVE_NOISE = 5
"""Times the mean noise of a pixel that a visitor differs at least."""

LARGE = 0.01
"""Share of what is looked at that a visitor covers at least."""

SETTLES = 2.0
"""Seconds after a switch, or at the beginning, in which the room is learnt anew: the exposure of a
camera takes about one."""

ROOM, VISITOR, THING = 8.0, 240.0, 6.0
"""Seconds in which a change becomes the room: of what looks like it, of somebody, of something that
was put down and has stirred nowhere for STANDS."""

STANDS = 15.0
STIRS = 6
"""Levels of 255 between two looks by which somebody who stands still is known from a thing."""

KERNEL = np.ones((3, 3), np.uint8)


class MotionGate:
    """Looks at the camera's picture a few times a second. Every time is given, in seconds."""

    def __init__(self) -> None:
        self.own = OwnLight()
        self.moved = np.zeros((1, 1), bool)
        """bool [h, w]: what differed at the last look."""
        self._room: np.ndarray | None = None
        self._last = self._noise = self._stirred = np.empty(0, np.float32)
        self._time = self._settled = 0.0

    def look(self, gray: np.ndarray, time: float, shown: np.ndarray | None = None) -> bool:
        """Whether somebody is there.

        gray: uint8 [h, w], as `small` makes it. shown: uint8 [h, w], what our own projector or
        screen shows, where that does not come from the camera; where it does, None.
        """
        now = cv2.blur(gray, (3, 3)).astype(np.float32)
        if shown is not None:
            self.own.learn(gray, shown, time)
        if self._room is None or self._room.shape != now.shape:
            self._begin(now, time)
            return False
        passed = min(max(time - self._time, 0.0), 5.0)
        change = cv2.absdiff(now, self._last)
        self._last, self._time = now, time
        if (change > CHANGED).mean() > SUDDEN:
            self._begin(now, time)
            return False
        self._stirred[change > np.maximum(STIRS, ABOVE_NOISE * self._noise)] = time
        difference = cv2.absdiff(now, self._room * _gain(now, self._room))
        self.moved = self._different(difference)
        self._learn(now, difference, passed, time)
        ignored = self.own.mask(now.shape[::-1])
        if time < self._settled or (shown is not None and not self.own.known):
            return False
        if ignored is not None:
            self.moved &= ~ignored
        looked_at = now.size if ignored is None else now.size - np.count_nonzero(ignored)
        return bool(np.count_nonzero(self.moved) > LARGE * max(looked_at, 0.2 * now.size))

    def _begin(self, now: np.ndarray, time: float) -> None:
        self._room, self._last, self._time = now.copy(), now, time
        self._noise = np.full_like(now, 2.0)
        self._stirred = np.full(now.shape, time, np.float64)
        self.moved = np.zeros(now.shape, bool)
        self._settled = time + SETTLES

    def _different(self, difference: np.ndarray) -> np.ndarray:
        different = difference > np.maximum(LEAST, ABOVE_NOISE * self._noise)
        opened = cv2.morphologyEx(different.astype(np.uint8), cv2.MORPH_OPEN, KERNEL)
        return np.asarray(opened, bool)

    def _learn(self, now: np.ndarray, difference: np.ndarray, passed: float, time: float) -> None:
        assert self._room is not None
        if time < self._settled:
            lasts = np.full(now.shape, SETTLES / 5)
        else:
            lasts = np.full(now.shape, ROOM)
            lasts[self.moved] = THING
            lasts[self._alive(self._stirred > time - STANDS)] = VISITOR
        share = (1 - np.exp(-passed / lasts)).astype(np.float32)
        self._room += share * (now - self._room)
        calm = ~self.moved
        quick = np.float32(1 - math.exp(-passed / ROOM))
        self._noise[calm] += quick * (difference[calm] - self._noise[calm])

    def _alive(self, stirs: np.ndarray) -> np.ndarray:
        """Of what moved, the pieces that stirred anywhere; bool [h, w]."""
        count, pieces = cv2.connectedComponents(self.moved.astype(np.uint8))
        pieces = np.asarray(pieces, np.int32)
        alive = np.zeros(count, bool)
        alive[pieces[stirs & self.moved]] = True
        return alive[pieces]


def small(gray: np.ndarray) -> np.ndarray:
    """uint8 [h, w], the long side at most LONG_SIDE."""
    height, width = gray.shape
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA)


def _gain(now: np.ndarray, room: np.ndarray) -> np.float32:
    """How much brighter all is than it was: the exposure, clouds, a dimmer."""
    return np.float32(np.median((now + 8) / (room + 8)))

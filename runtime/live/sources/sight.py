"""Whether a camera sees anything: a lens that is covered and a picture that stands still give
frames like any other, and nobody would know."""

from __future__ import annotations

import numpy as np

LOOKS = 1.0
"""Seconds between two looks."""

LASTS = 10.0
"""Seconds until it is no moment any more."""

DARK = 10
"""Of 255: the brightness that almost no point of a covered picture has."""

DARK_SHARE = 0.99

_EVERY = 8
"""Rows and columns: what lies between is not looked at."""


class Sight:
    """Looks at frames now and then; costs some microseconds a second."""

    def __init__(self) -> None:
        self._next = 0.0
        self._last: np.ndarray | None = None
        self._state, self._since = "", 0.0
        self._told = ""

    def news(self, image: np.ndarray, time: float) -> str | None:
        """What changed with this frame, uint8 BGR [height, width, 3], at `time` seconds: words that
        follow the camera's name; None where nothing did."""
        if time < self._next or image.dtype != np.uint8:
            return None
        self._next = time + LOOKS
        seen = image[::_EVERY, ::_EVERY].copy()
        state = ""
        if np.mean(seen < DARK) >= DARK_SHARE:
            state = "sees nothing but dark: is its lens covered, or the light off?"
        elif self._last is not None and np.array_equal(seen, self._last):
            # A sensor is never without noise.
            state = "gives the same picture again and again"
        self._last = seen
        if state != self._state:
            self._state, self._since = state, time
        if self._state == self._told or (self._state and time - self._since < LASTS):
            return None
        self._told = self._state
        return self._state or "sees again"

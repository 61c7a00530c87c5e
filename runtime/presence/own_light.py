"""Where the camera sees the light of our own projector or screen: there, changes are no visitors.

While what is shown does not come from the camera, a place of the camera's picture that keeps
changing when some place of the shown picture changes is lit by it. Learnt that way it needs no
geometry: a projection may be crooked, mirrored or on a curved wall.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

CAMERA, SHOWN = (32, 24), (16, 12)
"""(width, height) of the cells that are compared."""

LASTS = 15.0
"""Seconds in which half of e is forgotten: time constant of the averages."""

ENOUGH = 40
"""Comparisons before anything counts as known."""

ALIKE = 0.5
"""Correlation above which a cell is lit by the picture. With so many comparisons chance reaches
0.35."""

QUIET = 0.25
"""Levels of change below which a cell tells nothing."""


class OwnLight:
    """Learns from `learn`; `mask` is what is known."""

    def __init__(self) -> None:
        self.count = 0
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._time = 0.0
        cells, shown = CAMERA[0] * CAMERA[1], SHOWN[0] * SHOWN[1]
        self._camera = np.zeros(cells, np.float32)
        self._shown = np.zeros(shown, np.float32)
        self._both = np.zeros((cells, shown), np.float32)
        self._lit = np.zeros(CAMERA[::-1], bool)

    def learn(self, gray: np.ndarray, shown: np.ndarray, time: float) -> None:
        """gray: what the camera sees, shown: what is shown then, both uint8 [h, w] of any size;
        time: seconds."""
        now = _cells(gray, CAMERA), _cells(shown, SHOWN)
        last, self._last = self._last, now
        passed, self._time = time - self._time, time
        if last is None or not 0 < passed < 2:
            return
        camera, picture = now[0] - last[0], now[1] - last[1]
        # The light of the whole room, and of an automatic exposure, tells nothing of a place.
        camera -= np.median(camera)
        share = 1 - math.exp(-passed / LASTS)
        share = max(share, 1 / (self.count + 1))
        self._camera += share * (camera * camera - self._camera)
        self._shown += share * (picture * picture - self._shown)
        self._both += share * (np.outer(camera, picture) - self._both)
        self.count += 1
        if self.count >= ENOUGH:
            heard = np.sqrt(np.maximum(self._camera, QUIET**2))[:, None]
            said = np.sqrt(np.maximum(self._shown, QUIET**2))
            alike = (self._both / (heard * said)).max(axis=1) > ALIKE
            self._lit = alike.reshape(CAMERA[::-1])

    @property
    def known(self) -> bool:
        """Whether enough was compared."""
        return self.count >= ENOUGH

    def mask(self, size: tuple[int, int]) -> np.ndarray | None:
        """bool [height, width] of `size`, (width, height): true where our own light falls and
        beside it; None where it falls nowhere."""
        if not self._lit.any():
            return None
        wide = cv2.dilate(self._lit.astype(np.uint8), np.ones((3, 3), np.uint8))
        return cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST).astype(bool)


def _cells(gray: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()

"""Looks at every picture that a show gives its sinks, from outside: how many, how old, and whether
they flash. It shares no line with the limiter."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from typing import IO

import numpy as np

from tests.runtime.safety import oracle

from .show import HEADER

GRIDS = ((32, 18), (1, 1))
"""(Columns, rows): those grids of the limiter whose cells are larger than a pixel here."""

MOST = 4
"""Transitions in any second and cell: two flashes."""

SECOND = 1.0
_THRESHOLDS = np.array([[oracle.LUMINANCE], [oracle.RED]], np.float32) - np.float32(1e-5)
_CODE = np.arange(256) / 255
_LINEAR = np.where(_CODE <= 0.04045, _CODE / 12.92, ((_CODE + 0.055) / 1.055) ** 2.4)
_LINEAR = _LINEAR.astype(np.float32)


@functools.cache
def shares(pixels: int, cells: int) -> np.ndarray:
    """What each pixel of a row contributes to the mean of each cell: float32 [pixels, cells]."""
    edges = np.arange(cells + 1) * pixels / cells
    at = np.arange(pixels)[:, None]
    inside = np.minimum(at + 1, edges[1:]) - np.maximum(at, edges[:-1])
    return (np.maximum(inside, 0) * cells / pixels).astype(np.float32)


def signals(picture: np.ndarray) -> np.ndarray:
    """Luminance and redness of each cell of GRIDS: float32 [2, cells]."""
    blue, green, red = (_LINEAR[picture[..., channel]] for channel in range(3))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    found = []
    for plane in (luminance, np.maximum(0, red - green - blue)):
        for columns, rows in GRIDS:
            cells = shares(plane.shape[0], rows).T @ plane @ shares(plane.shape[1], columns)
            found.append(cells.ravel())
    return np.concatenate(found).reshape(2, -1)


class Flashes:
    """Counts transitions in every cell as pictures come, and exactly where the quick count, which
    misses at most one in any span, does not settle that there are no more than MOST."""

    def __init__(self) -> None:
        self.most = 0
        """In any second and cell so far, at most."""
        self.exact = 0
        """Times that it was counted exactly."""
        self._seen: deque[tuple[float, np.ndarray]] = deque()
        self._low = self._high = np.zeros((2, 0))
        self._side = np.zeros((2, 0), np.int8)
        self._times = np.zeros((MOST, 2, 0))

    def see(self, picture: np.ndarray, time: float) -> int:
        """Takes the next picture, shown at `time`. Returns the most transitions in the second that
        ends with it, where that may be more than MOST - 1."""
        values = signals(picture)
        self._seen.append((time, values))
        while self._seen[0][0] < time - SECOND:
            self._seen.popleft()
        if not self._low.size:
            self._low, self._high = values, values.copy()
            self._side = np.zeros(values.shape, np.int8)
            self._times = np.full((MOST, *values.shape), -np.inf)
            return 0
        rises = (self._side <= 0) & (values - self._low >= _THRESHOLDS)
        falls = (self._side >= 0) & (self._high - values >= _THRESHOLDS)
        changed = rises | falls
        self._low = np.where(changed, values, np.minimum(self._low, values))
        self._high = np.where(changed, values, np.maximum(self._high, values))
        if not changed.any():
            return 0
        self._side[rises], self._side[falls] = 1, -1
        self._times[:-1, changed] = self._times[1:, changed]
        self._times[-1, changed] = time
        many = changed & (self._times[0] >= time - SECOND)
        return self._counted(many) if many.any() else 0

    def _counted(self, cells: np.ndarray) -> int:
        self.exact += 1
        times = [time for time, _ in self._seen]
        found = 0
        for signal, theta in enumerate(_THRESHOLDS[:, 0]):
            if cells[signal].any():
                history = np.stack([values[signal, cells[signal]] for _, values in self._seen])
                found = max(found, int(oracle.most_transitions(history, times, theta).max()))
        self.most = max(self.most, found)
        return found


class Watch(threading.Thread):
    """Reads what the show tells through `pipe` until it ends.

    pictures: how many came. newest: when the last one was shown. flashed: pictures that ended a
    second with more than MOST transitions in a cell. longest: seconds between two pictures, since
    that was last set to 0.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(name="watch", daemon=True)
        self.pictures = 0
        self.newest = time.monotonic()
        self.flashed = 0
        self.longest = 0.0
        self.level = 0.0
        """Mean of the newest picture, 0..255."""
        self.flashes = Flashes()
        self._pipe = pipe
        self._news = threading.Condition()

    def run(self) -> None:
        with self._pipe:
            while len(head := self._pipe.read(HEADER.size)) == HEADER.size:
                shown, height, width = HEADER.unpack(head)
                content = self._pipe.read(height * width * 3)
                if len(content) < height * width * 3:
                    return
                picture = np.frombuffer(content, np.uint8).reshape(height, width, 3)
                self.flashed += self.flashes.see(picture, shown) > MOST
                self.longest = max(self.longest, shown - self.newest)
                self.level = float(picture[::4, ::4].mean())
                with self._news:
                    self.pictures, self.newest = self.pictures + 1, shown
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def after(self, moment: float, seconds: float) -> float | None:
        """Seconds from `moment` until a picture was shown; None where none was for so long."""
        with self._news:
            self._news.wait_for(
                lambda: self.newest > moment or not self.is_alive(),
                moment + seconds - time.monotonic(),
            )
            return self.newest - moment if self.newest > moment else None

    def until(self, pictures: int, seconds: float) -> bool:
        """Waits for so many in all; False where none came for so long."""
        with self._news:
            while self.pictures < pictures:
                before = self.pictures
                if not self._news.wait_for(lambda before=before: self.pictures > before, seconds):
                    return False
        return True

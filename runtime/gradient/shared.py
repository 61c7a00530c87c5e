"""The memory that a session's process has in common with the program."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping

import numpy as np

Size = tuple[int, int]
"""(height, width)."""


class Shared:
    """What both processes map of `file`: the steering, one float32 vector per name, then image and
    gradient, float32 [3, height, width], of whichever size is computed."""

    def __init__(self, file: int, channels: Mapping[str, int]) -> None:
        self._file, self._channels = file, dict(sorted(channels.items()))
        self._values = np.empty(0, np.float32)

    def reserve(self, size: Size) -> None:
        """Have room for images of this size; from the process that made the file."""
        needed = 4 * (sum(self._channels.values()) + 6 * size[0] * size[1])
        if os.fstat(self._file).st_size < needed:
            os.ftruncate(self._file, needed)

    def steering(self) -> dict[str, np.ndarray]:
        values, start = self._mapped(), 0
        views = {}
        for name, count in self._channels.items():
            views[name] = values[start : start + count]
            start += count
        return views

    def images(self, size: Size) -> tuple[np.ndarray, np.ndarray]:
        """Image and gradient."""
        start, pixels = sum(self._channels.values()), 3 * size[0] * size[1]
        values = self._mapped()[start : start + 2 * pixels]
        return values[:pixels].reshape(3, *size), values[pixels:].reshape(3, *size)

    def _mapped(self) -> np.ndarray:
        length = os.fstat(self._file).st_size
        if self._values.nbytes < length:
            self._values = np.frombuffer(mmap.mmap(self._file, length), np.float32)
        return self._values

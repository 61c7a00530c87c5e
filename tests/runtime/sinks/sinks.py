"""Sinks that behave and misbehave as told, and what a test of them needs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from livedream.runtime.pauses import Pauses
from livedream.runtime.sinks.sink import Sink

from ...patience import PATIENCE

AT_ONCE = Pauses(0.001, 0.002)


def picture(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


class Told(list[str]):
    """What was said; `wait` for a sentence with a word in it."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def __call__(self, text: str) -> None:
        with self._changed:
            self.append(text)
            self._changed.notify_all()

    def wait(self, word: str) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: any(word in each for each in self), PATIENCE), (
                self
            )
            return next(each for each in self if word in each)


class Noted(Sink):
    """Keeps what it was given; `deed` is done with each picture before, and may raise or block."""

    name = "noted"

    def __init__(self, deed: Callable[[np.ndarray], None] = lambda image: None) -> None:
        self.deed = deed
        self.opened: list[tuple[tuple[int, int], float]] = []
        self.got: list[tuple[np.ndarray, float]] = []
        self.closed = 0
        self._changed = threading.Condition()

    def open(self, size: tuple[int, int], rate: float) -> str:
        self.opened.append((size, rate))
        return "a notebook"

    def send(self, image: np.ndarray, time: float) -> None:
        self.deed(image)
        with self._changed:
            self.got.append((image, time))
            self._changed.notify_all()

    def close(self) -> None:
        self.closed += 1

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= count, PATIENCE)

    @property
    def values(self) -> list[int]:
        return [int(image[0, 0, 0]) for image, _ in self.got]

"""Up again after a card ran out of memory: what took it may be gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

from ..declared import Value

FIRST, LONGEST = 60.0, 3600.0
"""Seconds until the first try, and at most until another one; each waits twice as long."""


class Climbing:
    """When to ask again for what had to be given up. clock: in seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock, self._pause, self._due = clock, FIRST, 0.0
        self._given_up: Mapping[str, Value] = {}
        self._left: Mapping[str, Value] = {}

    def stepped_down(self, before: Mapping[str, Value], after: Mapping[str, Value]) -> None:
        """The values `before`, by name, were given up for `after`. Of several steps, what the first
        one gave up is tried again."""
        self._given_up, self._left = {**before, **self._given_up}, after
        self._due, self._pause = self._clock() + self._pause, min(2 * self._pause, LONGEST)

    def due(self, says: Mapping[str, Value]) -> Mapping[str, Value] | None:
        """What to ask for now, once; None while nothing is. Where `says`, the values by name, is no
        longer what was left, somebody wants something else, and it is forgotten."""
        if not self._given_up or self._clock() < self._due:
            return None
        wanted, self._given_up = self._given_up, {}
        return wanted if all(says[name] == value for name, value in self._left.items()) else None

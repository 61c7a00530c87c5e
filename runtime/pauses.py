"""How long to wait before what went away is tried again."""

from __future__ import annotations

from collections.abc import Iterator


class Pauses:
    """Seconds to wait before each further try: growing, to a limit, without end."""

    def __init__(self, first: float = 0.5, longest: float = 5.0) -> None:
        self._first, self._longest = first, longest

    def __iter__(self) -> Iterator[float]:
        pause = self._first
        while True:
            yield pause
            pause = min(2 * pause, self._longest)

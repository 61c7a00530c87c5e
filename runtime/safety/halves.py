"""Work on large pictures, shared by two threads: OpenCV computes without the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

LEAST = 12
"""Items that are worth two threads; handing over takes a tenth of a millisecond."""

_HELPER = ThreadPoolExecutor(1, "limiter")


def share(work: Callable[[Sequence[Item], int], None], items: Sequence[Item]) -> None:
    """Calls `work` with all items and 0, or, where they are many, with each half and 0 or 1, at the
    same time. Raises what that does."""
    if len(items) < LEAST:
        work(items, 0)
        return
    half = len(items) // 2
    other = _HELPER.submit(work, items[half:], 1)
    try:
        work(items[:half], 0)
    finally:
        other.result()

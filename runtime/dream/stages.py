"""A dreamer whose operations can be timed one by one, without a word of it in the method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from operator import is_
from typing import Any

import numpy as np

from .device import Array
from .dreamer import Dreamer

STAGES = {
    "upload": "upload",
    "track": "flow",
    "warp": "warp",
    "resample": "resample",
    "jitter": "jitter",
    "gradient": "gradient",
    "blur": "blur",
    "balance": "balance",
    "ascend": "ascend",
    "add": "combine",
    "subtract": "combine",
    "mask": "combine",
    "pull": "combine",
    "prune": "combine",
    "limit": "combine",
    "download": "download",
}
"""Method of the device, the engine or the tracker -> its stage, in the order of a frame."""

Stage = Callable[[str], AbstractContextManager[object]]
"""`with stage("flow"): ...` takes note of what the block takes."""


class TimedDreamer(Dreamer[Array]):
    """Dreams as its parent does, every operation inside of `stage`. About 2 microseconds each.

    waited: whether the download counts until the picture is there; a card that works ahead hands
    out one that is still on its way.
    """

    def __init__(self, *arguments: Any, stage: Stage, waited: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._stage = stage
        self._waited = waited
        self._plain: list[Any] = [None] * 3
        self._timed: list[Any] = []

    def still(self, bgr: np.ndarray) -> np.ndarray:
        with self._watched():
            return super().still(bgr)

    def live(self, bgr: np.ndarray, time: float) -> np.ndarray:
        with self._watched():
            return super().live(bgr, time)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """While a frame is dreamt, what it is dreamt with is timed; before and after it is what
        others put there."""
        plain = [self.device, self.engine, self._tracker]
        if not all(map(is_, plain, self._plain)):
            self._plain = plain
            self._timed = [_Timed(each, self._stage, self._waited) for each in plain]
        self.device, self.engine, self._tracker = self._timed
        try:
            yield
        finally:
            self.device, self.engine, self._tracker = plain


class _Timed:
    """Something that a dream is made with, its operations timed."""

    def __init__(self, plain: Any, stage: Stage, waited: bool) -> None:
        self._plain = plain
        for operation, name in STAGES.items():
            if hasattr(plain, operation):
                finish = np.asarray if waited and operation == "download" else None
                setattr(self, operation, _timed(getattr(plain, operation), stage, name, finish))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


def _timed(
    function: Callable[..., Any],
    stage: Stage,
    name: str,
    finish: Callable[[Any], Any] | None,
) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        with stage(name):
            result = function(*arguments)
            return finish(result) if finish else result

    return run

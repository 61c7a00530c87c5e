"""Where sound comes in: the devices of this machine, by miniaudio."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from ...errors import LivedreamError, UsageError, nearest, reason
from .analysis import RATE

BLOCK = 10
"""Milliseconds of sound that come at a time."""

NEEDED = 'Sound needs miniaudio: `pip install "livedream[sound]"`.'
DEFAULT = "default"

Hear = Callable[[np.ndarray], None]
"""Gets each block, float32 [n, 2] in -1..1, in a thread of the library: it must not wait."""


def names(backends: Sequence[Any] = ()) -> list[str]:
    """The inputs there are. Raises LivedreamError where the library is missing or there is no sound
    system."""
    return [each["name"] for each in _found(backends)]


class Input:
    """An open input; `hear` gets what comes in until `close`.

    name: a part of its name, or `default`. backends: of miniaudio; empty for those that hear.
    Raises UsageError for a name that there is not, LivedreamError where it cannot be opened.
    """

    def __init__(self, name: str, hear: Hear, backends: Sequence[Any] = ()) -> None:
        miniaudio = _library()
        self.name, identity = name, None
        if name != DEFAULT:
            found = _found(backends)
            fitting = [each for each in found if name.lower() in each["name"].lower()]
            if not fitting:
                near = nearest(name, [each["name"] for each in found]) or "none at all"
                raise UsageError(f"There is no sound input '{name}'; there is: {near}.")
            self.name, identity = fitting[0]["name"], fitting[0]["id"]
        try:
            self._device = miniaudio.CaptureDevice(
                miniaudio.SampleFormat.FLOAT32, 2, RATE, BLOCK, identity,
                backends=_hearing(miniaudio, backends),
            )  # fmt: skip
            self._device.start(_received(hear))
        except miniaudio.MiniaudioError as error:
            raise LivedreamError(
                f"The sound input '{self.name}' cannot be opened ({reason(error)}); `--sound list` "
                "names those there are."
            ) from error

    def close(self) -> None:
        """May be called twice."""
        self._device.close()


def _received(hear: Hear) -> Generator[None, bytes, None]:
    def receive() -> Generator[None, bytes, None]:
        while True:
            hear(np.frombuffer((yield), np.float32).reshape(-1, 2))

    receiver = receive()
    next(receiver)
    return receiver


def _found(backends: Sequence[Any]) -> list[dict[str, Any]]:
    miniaudio = _library()
    try:
        return miniaudio.Devices(_hearing(miniaudio, backends)).get_captures()
    except miniaudio.MiniaudioError as error:
        raise LivedreamError(f"No sound comes into this machine ({reason(error)}).") from error


def _hearing(miniaudio: Any, backends: Sequence[Any]) -> list[Any]:
    """Unasked the library would take its NULL device at last, which is silent for ever."""
    deaf = (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)
    return list(backends) or [each for each in miniaudio.Backend if each not in deaf]


def _library() -> Any:
    try:
        import miniaudio
    except ModuleNotFoundError as error:
        raise LivedreamError(NEEDED) from error
    return miniaudio

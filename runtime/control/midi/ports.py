"""The ports of this machine, through rtmidi2: what the surface needs of them and no more."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from ...errors import LivedreamError, reason

_NUMBERS = re.compile(r"([ _:]\d+:\d+|\s+\d+)$")
OURS = "livedream"
THROUGH = "Midi Through"
JACK = "JACK_DEFAULT_SERVER"
"""The variable that names JACK's server."""

LATE = 0.05
"""Seconds by which the driver's own time may be behind; more, and it is set anew."""


class Port(Protocol):
    """One device."""

    def receive(self) -> list[tuple[Sequence[int], float]]:
        """What came since the last call: bytes, and when, seconds of `time.monotonic()`."""
        ...

    def send(self, message: Sequence[int]) -> None:
        """Lets what cannot be sent go."""
        ...

    def close(self) -> None: ...


class Ports(Protocol):
    """All devices."""

    def names(self) -> list[str]:
        """Those that are plugged in, by names that stay the same after unplugging."""
        ...

    def open(self, name: str, wake: Callable[[], None]) -> Port:
        """wake: called when something came, from another thread."""
        ...


def stable(names: Sequence[str]) -> list[str]:
    """Names of ports without the numbers that change when a device is plugged in again; the second
    of the same kind is `NAME #2`."""
    plain = [_NUMBERS.sub("", name).strip() or name for name in names]
    seen: dict[str, int] = {}
    result = []
    for name in plain:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return result


class Rtmidi:
    """The ports of the operating system. Raises LivedreamError where it has no MIDI or rtmidi2 is
    missing."""

    def __init__(self) -> None:
        try:
            import rtmidi2
        except ModuleNotFoundError as error:
            raise LivedreamError('MIDI needs rtmidi2: `pip install "livedream[midi]"`.') from error
        self._library: Any = rtmidi2
        self._api = rtmidi2.API_UNSPECIFIED
        try:
            # One object for all looks: each new one would be another client of the sound system.
            self._looks = rtmidi2.MidiIn(OURS, api=self._api)
        except RuntimeError as error:
            self._looks = self._through_jack(error)

    def names(self) -> list[str]:
        return [name for name in stable(self._looks.ports) if _is_device(name)]

    def open(self, name: str, wake: Callable[[], None]) -> Port:
        return _RtmidiPort(self._library, self._api, name, wake)

    def _through_jack(self, error: Exception) -> Any:
        """Where the operating system has no MIDI of its own JACK may carry it; asked only where a
        server is named, since without one the library tells of it at every look."""
        if JACK in os.environ:
            self._api = self._library.API_UNIX_JACK
            with suppress(RuntimeError):
                return self._library.MidiIn(OURS, api=self._api)
        raise LivedreamError(f"This machine has no MIDI: {reason(error)}.") from error


class _RtmidiPort:
    def __init__(self, library: Any, api: int, name: str, wake: Callable[[], None]) -> None:
        self._heard: deque[tuple[Sequence[int], float]] = deque(maxlen=10_000)
        self._wake, self._time = wake, 0.0
        self._in, self._out = library.MidiIn(OURS, api=api), library.MidiOut(OURS, api=api)
        self._open_out = False
        try:
            self._in.ignore_types(True, False, True)
            self._in.callback = self._came
            self._in.open_port(stable(self._in.ports).index(name))
            outputs = stable(self._out.ports)
            if name in outputs:
                self._out.open_port(outputs.index(name))
                self._open_out = True
        except (RuntimeError, ValueError, OSError) as error:
            self.close()
            raise LivedreamError(
                f"{name} cannot be opened; another program may have it."
            ) from error

    def receive(self) -> list[tuple[Sequence[int], float]]:
        heard = []
        while self._heard:
            heard.append(self._heard.popleft())
        return heard

    def send(self, message: Sequence[int]) -> None:
        if self._open_out:
            with suppress(RuntimeError, OSError):
                self._out.send_raw(*message)

    def close(self) -> None:
        with suppress(RuntimeError, OSError):
            self._in.callback = None
            self._in.close_port()
        with suppress(RuntimeError, OSError):
            self._out.close_port()

    def _came(self, message: Sequence[int], passed: float) -> None:
        """In the driver's thread, with the interpreter's lock: as short as can be."""
        now = time.monotonic()
        # The driver's time between two messages, since this thread may have had to wait.
        driver = self._time + passed
        self._time = driver if now - LATE < driver <= now else now
        self._heard.append((message, self._time))
        self._wake()


def _is_device(name: str) -> bool:
    return not name.startswith(OURS) and THROUGH not in name

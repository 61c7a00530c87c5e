"""What listens, as people write it: on the command line and in show.toml alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import UsageError

PORT = 8642
"""Of OSC and the page; free of the ports that other programs of the stage listen on."""

OS2L = 9996
"""Where programs that speak OS2L are looked for by hand."""

Place = tuple[str, int]


class Clock(NamedTuple):
    """A clock outside: Ableton Link, or a server for OS2L on `host`:`port`."""

    kind: str
    host: str
    port: int


def place_of(text: str) -> Place:
    """`lan`, `HOST`, `:PORT`, both or nothing -> (host, port): on this machine alone unless `lan`
    or another host is said. Raises UsageError for what is no port."""
    host, _, number = text.rpartition(":") if ":" in text else (text, "", str(PORT))
    port = _port(number)
    if host == "lan":
        return "0.0.0.0", port
    return host or "127.0.0.1", port


def targets_of(text: str) -> tuple[Place, ...]:
    """`HOST:PORT`, several with commas between. Raises UsageError for what is none."""
    return tuple(_target(each.strip()) for each in text.split(","))


def clock_of(text: str) -> Clock:
    """`lan:link`, `os2l` or `lan:os2l`, and `:PORT` after it. Raises UsageError for others."""
    match = re.fullmatch(r"(lan:)?(link|os2l)(?::(.*))?", text)
    if not match or (match[2] == "link" and match[3]):
        raise UsageError(f"'{text}' is no clock; write lan:link, os2l or lan:os2l, and :PORT.")
    lan, kind, number = match.groups()
    if kind == "link" and not lan:
        raise UsageError("Ableton Link speaks to everybody on the network; say so: lan:link.")
    return Clock(kind, "0.0.0.0" if lan else "127.0.0.1", _port(number or str(OS2L)))


def _target(text: str) -> Place:
    host, colon, number = text.rpartition(":")
    if not (colon and host):
        raise UsageError(f"'{text}' is no address to send to; write HOST:PORT.")
    return host, _port(number)


def _port(number: str) -> int:
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 65536):
        raise UsageError(f"'{number}' is no port from 1 to 65535.")
    return int(number)


def _patch_of(text: str) -> Any:
    from .dmx import parse_patch  # Nobody else needs it.

    return parse_patch(text)


SURFACES: Mapping[str, Callable[[str], Any]] = {
    "osc": place_of,
    "osc_to": targets_of,
    "page": place_of,
    "midi": str,
    "dmx": _patch_of,
    "sound": str,
    "clock": clock_of,
}
"""What reads each of them; UsageError tells in a sentence what was wrong."""

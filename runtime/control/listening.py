"""Where a surface listens, as people write it."""

from __future__ import annotations

from ..errors import UsageError


def place_of(text: str, port: int) -> tuple[str, int]:
    """`lan`, `HOST`, `:PORT`, both or nothing -> (host, port): on this machine alone unless `lan`
    or another host is said. port: where none is said. Raises UsageError for what is no port."""
    host, _, number = text.rpartition(":") if ":" in text else (text, "", str(port))
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 65536):
        raise UsageError(f"'{text}' names no port from 1 to 65535.")
    if host == "lan":
        return "0.0.0.0", int(number)
    return host or "127.0.0.1", int(number)

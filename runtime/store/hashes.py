"""What is in a file, by its sha256; that of large ones is remembered."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from ..errors import LivedreamError
from .cache import alone, cache_folder
from .files import write_bytes

MEMORY = "hashes.json"
REMEMBERED = 200
"""Files; the ones hashed first are forgotten first."""


def content_hash(path: Path) -> str:
    """The file's sha256, hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(path: Path) -> str:
    """As `content_hash`, of weights. Remembered until the file changes, so that a start is fast;
    without a memory, where the cache cannot be written, it only takes longer.

    Raises LivedreamError where the file is missing or cannot be read.
    """
    path = path.expanduser()
    try:
        place, state = str(path.resolve(strict=True)), path.stat()
        # The time of the last change too: copying tools set the other one back.
        stamp = [state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino]
        entry = _remembered().get(place)
        if isinstance(entry, list) and entry[:-1] == stamp:
            return str(entry[-1])
        digest = content_hash(path)
    except FileNotFoundError as error:
        raise LivedreamError(f"The weights {path} do not exist; check the name.") from error
    except OSError as error:
        raise LivedreamError(f"The weights {path} cannot be read: {error.strerror}.") from error
    with suppress(LivedreamError, OSError):
        _remember(place, [*stamp, digest])
    return digest


def _remembered() -> dict[str, object]:
    """Hashes by place; a damaged memory counts as none, it is only a memory."""
    try:
        known = json.loads((cache_folder("weights") / MEMORY).read_bytes())
    except (OSError, ValueError, LivedreamError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(place: str, entry: list[object]) -> None:
    with alone("hashes"):
        known = _remembered()
        known.pop(place, None)
        known[place] = entry
        newest = dict(list(known.items())[-REMEMBERED:])
        write_bytes(cache_folder("weights") / MEMORY, json.dumps(newest, indent=1).encode())

"""What is in a file, by its sha256; that of large ones is remembered."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import LivedreamError, UsageError
from .memory import Memory

HASHES = Memory("weights", "hashes.json", limit=200)


def content_hash(path: Path) -> str:
    """The file's sha256, hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(path: Path) -> str:
    """As `content_hash`. Remembered until the file changes, so that a start is fast;
    without a memory, where the cache cannot be written, it only takes longer.

    Raises UsageError where the file is missing, LivedreamError where it cannot be read.
    """
    path = path.expanduser()
    try:
        place, state = str(path.resolve(strict=True)), path.stat()
        # The time of the last change too: copying tools set the other one back.
        stamp = [state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino]
        entry = HASHES.recall(place)
        if isinstance(entry, list) and entry[:-1] == stamp:
            return str(entry[-1])
        digest = content_hash(path)
    except FileNotFoundError as error:
        raise UsageError(f"The weights {path} do not exist; check the name.") from error
    except OSError as error:
        raise LivedreamError(f"The weights {path} cannot be read: {error.strerror}.") from error
    HASHES.tell(place, [*stamp, digest])
    return digest

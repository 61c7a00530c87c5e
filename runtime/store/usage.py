"""Who uses what is in the cache: nothing is removed that a running program plays from."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    fcntl = None  # A file that is open cannot be removed there.
else:
    import fcntl

_held: dict[Path, int] = {}


def use(path: Path) -> Path:
    """Note that the file or folder `path` is used now, and by this program until it ends."""
    with suppress(OSError):  # On a read-only disk, where nothing is removed either.
        os.utime(path)
    let_go(path)  # It may have been made again since.
    with suppress(OSError):
        _held[path] = handle = os.open(path, os.O_RDONLY)
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return path


def let_go(path: Path) -> None:
    """Take back `use`."""
    handle = _held.pop(path, None)
    if handle is not None:
        os.close(handle)


def in_use(path: Path) -> bool:
    """Whether a program that runs, also this one, said that it uses `path`."""
    if fcntl is None:
        return path in _held
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # A disk without locks.
        return path in _held
    finally:
        os.close(handle)
    return False

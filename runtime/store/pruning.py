"""The cache does not grow for ever: what was unused longest makes room."""

from __future__ import annotations

import math
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from .cache import cache_folder, size_of
from .usage import in_use

LIMIT = 8.0
"""Gigabytes of graphs and engines, where LIVEDREAM_CACHE_LIMIT says nothing else."""

ABANDONED = 24 * 3600
"""Seconds after which nobody goes on with a temporary file."""

MANIFEST = "manifest.json"
"""What an engine's folder holds once it is whole."""


def cache_limit() -> float:
    """Bytes that graphs and engines may take. Raises UsageError for a limit that is no number."""
    text = os.environ.get("LIVEDREAM_CACHE_LIMIT") or str(LIMIT)
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = math.nan
    if not gigabytes >= 0:
        raise UsageError(
            f"LIVEDREAM_CACHE_LIMIT is '{text}'; set it to a number of gigabytes, such as 8."
        )
    return gigabytes * 1e9


def prune() -> None:
    """Remove the graphs and engines that were unused longest until the others fit the limit, and
    what programs that were killed left half-written. What a running program uses stays."""
    graphs, engines = cache_folder("graphs"), cache_folder("engines")
    weights = cache_folder("weights")
    for left in [*graphs.glob(".*"), *engines.glob(".*"), *weights.glob("*.part")]:
        if _age(left) > ABANDONED:
            remove(left)
    kept = [*graphs.glob("[!.]*.onnx"), *(path.parent for path in engines.glob(f"*/{MANIFEST}"))]
    entries = sorted((path for path in kept if not path.is_symlink()), key=_age, reverse=True)
    sizes = {path: _bytes(path) for path in entries}
    over = sum(sizes.values()) - cache_limit()
    for path in entries:
        if over <= 0:
            return
        if not in_use(path):
            remove(path)
            over -= sizes[path]


def remove(path: Path) -> None:
    """Take a file, a link or a folder of the cache away. What cannot be removed stays."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            # Out of the way at once: another program may be looking.
            aside = path.with_name(f".{path.name}-{secrets.token_hex(3)}")
            path.rename(aside)
            shutil.rmtree(aside)
        else:
            path.unlink()


def _age(path: Path) -> float:
    """Seconds since `path` was used or written."""
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _bytes(path: Path) -> int:
    return size_of(path) if path.is_dir() else path.stat().st_size

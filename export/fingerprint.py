"""Which exporter this is: graphs written by another one are other graphs."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

WITHOUT_EFFECT = ("__main__.py", "baseline.py", "download.py", "errors.py", "fingerprint.py")
"""Of this room: what shapes no graph."""


@functools.cache
def fingerprint(folder: Path = Path(__file__).parent) -> str:
    """sha256, hexadecimal, over the source of everything that shapes a graph.

    Whoever changes the exporter need not remember to raise a number, and a new release with the
    same exporter finds the graphs of the last one.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if name not in WITHOUT_EFFECT:
            content = path.read_bytes()
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()

"""Which sessions were found right before, on this machine: the check of a gradient takes longer
than the session takes to open."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from functools import cache
from pathlib import Path

from ..errors import LivedreamError
from ..store.hashes import sha256_of
from ..store.memory import Memory
from .ort import ort
from .providers import Provider

VERDICTS = Memory("graphs", "verdicts.json", limit=2000)


def found_right(path: Path, provider: Provider, size: tuple[int, int]) -> bool:
    """Whether the gradient of this very graph was right on this provider, at this size, (height,
    width), by these libraries on this processor. What was wrong is not remembered."""
    key = _key(path, provider, size)
    return key is not None and VERDICTS.recall(key) is True


def remember_right(path: Path, provider: Provider, size: tuple[int, int]) -> None:
    """Have `found_right` say so from now on."""
    key = _key(path, provider, size)
    if key is not None:
        VERDICTS.tell(key, True)


def _key(path: Path, provider: Provider, size: tuple[int, int]) -> str | None:
    """A hash of everything that decides it; None for a graph that cannot be read."""
    try:
        graph = sha256_of(path)
    except LivedreamError:
        return None
    libraries = ort.__version__, ort.get_build_info()
    parts = [graph, provider.ep, provider.options, size, libraries, processor()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def processor() -> str:
    """The processor and what it can do: libraries choose their code by it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return f"{platform.processor()} {platform.machine()}"
    facts = re.findall(r"^(?:model name|flags|Features|CPU part)\s*:.*$", text, re.MULTILINE)
    return "\n".join(sorted(set(facts)))

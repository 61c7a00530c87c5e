"""What is around the program: cards, screens, cameras, ways in and out, room on the disk."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping

from ..cuda.machine import MISSING, OK, WRONG, Gpu
from ..errors import LivedreamError
from ..live.window.monitors import monitors, sleeps
from ..live.window.screen import INSTEAD, display_problem
from ..sinks.named import sink_named
from ..store.cache import cache_root, cache_size
from .finding import Finding

_FREE = 500_000_000


def graphics(gpu: Gpu | None) -> Finding:
    if gpu is None:
        return Finding(MISSING, "GPU", "no NVIDIA driver answers")
    names = ", ".join(gpu.names) or "no card is visible"
    fact = f"{names}; driver {gpu.driver}, CUDA up to {gpu.cuda[0]}.{gpu.cuda[1]}"
    return Finding(OK if gpu.names else MISSING, "GPU", fact)


def display() -> Finding:
    """Whether a window could open."""
    problem = display_problem()
    if problem:
        return Finding(MISSING, "display", problem, f"Mend that, or {INSTEAD}.")
    return Finding(OK, "display", os.environ.get("DISPLAY") or f"of {platform.system()}")


def screens() -> list[Finding]:
    """Which screens `--screen` can fill, and whether the machine stays awake meanwhile."""
    try:
        there = monitors()
    except LivedreamError as error:
        found = Finding(MISSING, "--screen", *_told(error))
    else:
        names = (f"{each.name} {each.width}x{each.height}" for each in there)
        found = Finding(OK, "--screen", ", ".join(names))
    trouble = sleeps()
    if trouble:
        advice = "Turn sleep off in the settings of this machine while a show plays."
        return [found, Finding(MISSING, "kept awake", trouble, advice)]
    return [found, Finding(OK, "kept awake", "while a show plays")]


def cameras() -> list[Finding]:
    """Video devices on Linux; elsewhere only opening one would tell."""
    if not sys.platform.startswith("linux"):
        return [Finding(OK, "camera", "not looked for", "Try livedream --source 0.")]
    from ..live.sources import v4l2

    found, refused = [], []
    for path in v4l2.nodes():
        try:
            device = v4l2.query(path)
        except LivedreamError as error:
            refused.append(Finding(WRONG, "camera", str(path), str(error)))
            continue
        if device.captures:
            found.append(Finding(OK, "camera", f"{device.path}: {device.name}"))
    nothing = Finding(
        MISSING, "camera", "none at /dev/video*", "Plug one in; meanwhile use --source demo."
    )
    return [*found, *refused] or [nothing]


def outputs(specs: Iterable[str]) -> list[Finding]:
    """Where the picture can go: one row of what works, and one of each that does not."""
    works, found = [], []
    for spec in specs:
        kind = spec.partition(":")[0]
        try:
            sink_named(spec).check()
        except LivedreamError as error:
            found.append(Finding(MISSING, f"--out {kind}", *_told(error)))
        else:
            works.append(kind)
    return [Finding(OK, "--out", ", ".join(["window", "files", *works])), *found]


def sources(checks: Mapping[str, Callable[[], object]]) -> list[Finding]:
    """Where the picture can come from beside cameras: one row of what works, and one of each that
    does not. checks: of `sources.needs`."""
    works, found = [], []
    for kind, check in checks.items():
        try:
            check()
        except LivedreamError as error:
            found.append(Finding(MISSING, f"--source {kind}", *_told(error)))
        else:
            works.append(kind)
    every = ["demo", "files", "folders", "streams by HTTP, RTSP, RTMP and UDP", *works]
    return [Finding(OK, "--source", ", ".join(every)), *found]


def cache() -> Finding:
    """The cache folder: may it be written, how much is in it, how much room is left."""
    place = cache_root()
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            WRONG, "cache", f"{place} cannot be written",
            "Change its permissions, or set LIVEDREAM_CACHE to another folder.",
        )  # fmt: skip
    free = shutil.disk_usage(existing).free
    fact = f"{place}: {cache_size() / 1e6:.0f} MB, {free / 1e9:.1f} GB free"
    if free < _FREE:
        return Finding(WRONG, "cache", fact, "Free some space, or set LIVEDREAM_CACHE elsewhere.")
    return Finding(OK, "cache", fact)


def _told(error: LivedreamError) -> tuple[str, str]:
    """What is missing, and what to do about it."""
    fact, _, advice = str(error).rstrip(".").partition("; ")
    if not advice.startswith("pip "):  # A command is copied as it is.
        advice = advice[:1].upper() + advice[1:]
    return fact, advice

"""The one place that reaches the export room: a graph that is not there yet is made by a process of
its own, so that torch never enters this one and the picture keeps moving."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...export import catalogue
from ...export.errors import ExportError
from ...export.fingerprint import fingerprint
from ..errors import LivedreamError, UsageError
from ..progress import Progress
from ..store.cache import alone, cache_folder
from ..store.files import replacing
from ..store.graph_cache import (
    GraphKey,
    GraphRequest,
    find_graph,
    forget_graph,
    graph_key,
    graph_path,
    keep_graph,
)
from .export_process import EXPORTER, NotExported, converse, heed, under_way

INSTALL = 'pip install "livedream[export]"'
# Import names of what the extra installs and the exporter cannot do without.
_NEEDED = ("torch", "onnx")


def ensure_graph(
    request: GraphRequest,
    *,
    progress: Progress | None = None,
    background: bool = False,
    cancel: threading.Event | None = None,
    exporter: Sequence[str] = EXPORTER,
) -> Path:
    """The graph file of `request`, from the cache or exported into it first.

    progress: called with a stage's name and how much of it is done, 0..1. background: the picture
    already plays, so the export takes one thread at low priority. cancel: set it from another
    thread to stop. A file in the cache that was damaged is made again.

    Raises what the exporter reports (UsageError, NotExported), NotExported when the `export` extra
    is missing, LivedreamError when the exporter dies, Cancelled. Nothing half-written stays in the
    cache.
    """
    _check(request)
    key = key_of(request)
    if found := find_graph(key):
        return found

    def wait() -> None:
        heed(cancel)
        if progress is not None:
            progress("waiting for another program that exports this", 0.0)

    with alone(key.digest(), wait):
        if found := find_graph(key):
            return found
        forget_graph(key)
        export_to(
            graph_path(key), replace(request, layers=key.layers), progress=progress,
            background=background, cancel=cancel, exporter=exporter,
        )  # fmt: skip
        return keep_graph(key)


def export_to(
    output: Path | str,
    request: GraphRequest,
    *,
    progress: Progress | None = None,
    background: bool = False,
    cancel: threading.Event | None = None,
    exporter: Sequence[str] = EXPORTER,
) -> dict[str, Any]:
    """Export into the file `output`, replaced as a whole; returns what the exporter says it did.

    Two processes exporting the same file do not meet: each writes its own and the last one stays.
    Arguments and errors as `ensure_graph`, and UsageError where `output` is no .onnx file.
    """
    if Path(output).suffix.lower() != ".onnx":
        raise UsageError(f"{output} should end in .onnx, the format that is exported.")
    _check(request)
    if tuple(exporter) == EXPORTER:
        check_extra()
    with under_way, replacing(output) as temporary:
        command = [
            *exporter, request.model,
            "--layers", ",".join(request.layers),
            "--output", str(temporary),
            "--weights", os.path.expanduser(request.weights),
            "--precision", request.precision,
            "--form", request.form,
            "--seed", str(request.seed),
            "--cache", str(cache_folder("weights")),
        ]  # fmt: skip
        done = converse(command, progress, background, cancel)
        if temporary.stat().st_size == 0:
            raise LivedreamError(f"The exporter finished without writing {output}; report this.")
    return done


def missing_extra() -> list[str]:
    """What of the `export` extra is not installed, by import name."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def check_extra() -> None:
    """Raise NotExported with the pip command where the `export` extra is not installed."""
    missing = missing_extra()
    if missing:
        raise NotExported(
            f"This network has to be exported first, which needs {' and '.join(missing)}: run "
            f"`{INSTALL}`, or give an exported file with --graph."
        )


def is_exported(request: GraphRequest) -> bool:
    """Whether `ensure_graph` would find it in the cache."""
    return find_graph(key_of(request)) is not None


def key_of(request: GraphRequest) -> GraphKey:
    """The key of what the exporter that is installed would make of `request`."""
    return graph_key(request, fingerprint())


def _check(request: GraphRequest) -> None:
    """Answer a wrong name here and at once, and not after a process has started."""
    try:
        catalogue.check_request(request.model, request.layers, request.precision, request.form)
    except ExportError as error:
        raise (UsageError if error.usage else LivedreamError)(str(error)) from error

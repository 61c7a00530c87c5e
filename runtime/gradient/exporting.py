"""The one place that reaches the export room: a graph that is not there yet is made by a process of
its own, so that torch never enters this one and the picture keeps moving."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from ...export import catalogue
from ...export.errors import ExportError
from ...export.fingerprint import fingerprint
from ..errors import Cancelled, LivedreamError, UsageError
from ..progress import Progress
from ..store.cache import alone, cache_folder, cache_root
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

EXPORTER: tuple[str, ...] = (sys.executable, "-m", "livedream.export")
INSTALL = 'pip install "livedream[export]"'
# Import names of what the extra installs and the exporter cannot do without.
_NEEDED = ("torch", "onnx")

KILLED, LEAVING = 0.5, 1.5
"""Seconds after which an exporter that was asked to end is killed, and that the end of the program
waits for that."""

PREFERRED, FALLBACK = "inception_v3", "efficientnet_lite0"


class NotExported(LivedreamError):
    """A graph cannot be made, whatever provider it is for: its weights cannot be had, say."""


class _UnderWay:
    """Counts exports. Those in the background belong to threads that end with the program, in the
    midst of things: the program's end calls them off, and waits until process and file are gone."""

    def __init__(self) -> None:
        self.leaving = False
        self._number = 0
        self._changed = threading.Condition()
        atexit.register(self._leave)

    def __enter__(self) -> None:
        with self._changed:
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._number -= 1
            self._changed.notify_all()

    def _leave(self) -> None:
        self.leaving = True
        with self._changed:
            self._changed.wait_for(lambda: not self._number, LEAVING)


_under_way = _UnderWay()


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
        _heed(cancel)
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
    with _under_way, replacing(output) as temporary:
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
        done = _converse(command, progress, background, cancel)
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


def default_model(layers: Iterable[str] | None = None) -> tuple[str, str | None]:
    """The network that `auto` stands for, and a note for the user where it is second choice.

    `inception_v3` where its weights are cached, or the graph in which `layers` (its default ones
    unless given) are played, so that nothing is downloaded unasked; else `efficientnet_lite0`.
    """
    if _weights_cached(PREFERRED) or _graph_cached(PREFERRED, layers):
        return PREFERRED, None
    return FALLBACK, (
        f"Dreaming with {FALLBACK}; for the classic dream run `livedream run --model {PREFERRED}` "
        "once, which downloads its weights."
    )


def is_exported(request: GraphRequest) -> bool:
    """Whether `ensure_graph` would find it in the cache."""
    return find_graph(key_of(request)) is not None


def weights_file(model: str) -> Path | None:
    """Where the downloaded weights of `model` lie; None where a package brings them."""
    url = catalogue.MODELS[model].weights_url
    return None if url is None else cache_root() / "weights" / url.rpartition("/")[2]


def _weights_cached(model: str) -> bool:
    path = weights_file(model)
    return path is not None and path.is_file()


def _graph_cached(model: str, layers: Iterable[str] | None) -> bool:
    taps = catalogue.MODELS[model].with_bank(tuple(layers or ()))
    return any(
        graph_path(key_of(GraphRequest(model, taps, precision=precision, form=form))).is_file()
        for precision in catalogue.PRECISIONS
        for form in catalogue.FORMS
    )


def key_of(request: GraphRequest) -> GraphKey:
    """The key of what the exporter that is installed would make of `request`."""
    return graph_key(request, fingerprint())


def _heed(cancel: threading.Event | None) -> None:
    """Raise Cancelled where the program ends or the export is not wanted any more."""
    if _under_way.leaving or (cancel is not None and cancel.is_set()):
        raise Cancelled("The export was called off.")


def _check(request: GraphRequest) -> None:
    """Answer a wrong name here and at once, and not after a process has started."""
    try:
        catalogue.check_request(request.model, request.layers, request.precision, request.form)
    except ExportError as error:
        raise (UsageError if error.usage else LivedreamError)(str(error)) from error


def _converse(
    command: list[str],
    progress: Progress | None,
    background: bool,
    cancel: threading.Event | None,
) -> dict[str, Any]:
    """Run the exporter and read its JSON lines: stages, and in the end `done` or `error`."""
    with tempfile.TemporaryFile() as complaints:
        child = _start(command, complaints, background)
        try:
            done = _listen(child, progress, cancel)
        finally:
            _end(child)
        if done is not None and child.returncode == 0:
            return done
        last = _last_line(complaints)
    raise LivedreamError(
        f"The exporter stopped without a result (exit code {child.returncode}): "
        f"{last or 'it said nothing'}"
    )


def _start(command: list[str], complaints: IO[bytes], background: bool) -> subprocess.Popen[str]:
    environment = dict(os.environ, PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8")
    environment["LIVEDREAM_ATTENDED"] = "1"  # It ends with its standard input, and so with us.
    flags = 0
    if background:
        environment.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        if sys.platform == "win32":
            flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        )
    except OSError as error:
        raise LivedreamError(f"The exporter cannot be started: {error}.") from error
    if background and sys.platform != "win32":
        # From here and not in the child before exec, which is unsafe beside threads.
        with suppress(ProcessLookupError):  # it died already, and its error will be read
            os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    return child


def _listen(
    child: subprocess.Popen[str], progress: Progress | None, cancel: threading.Event | None
) -> dict[str, Any] | None:
    """What the child did, or None when it ended without a word. Raises its error."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    assert child.stdout is not None
    # A thread reads, so that cancelling need not wait for the next line.
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    done: dict[str, Any] | None = None
    while True:
        _heed(cancel)
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            continue
        if line is None:
            child.wait()
            return done
        message = _message(line)
        if "error" in message:
            raise (UsageError if message.get("usage") else NotExported)(str(message["error"]))
        if "done" in message:
            done = message["done"] if isinstance(message["done"], dict) else {}
        elif "stage" in message and progress is not None:
            progress(str(message["stage"]), float(message.get("fraction") or 0))


def _read(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _message(line: str) -> dict[str, Any]:
    """The JSON object in `line`; empty for what a library printed in between."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _end(child: subprocess.Popen[str]) -> None:
    """Stop the child if it still runs, and wait for it."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=KILLED)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = [line.strip() for line in complaints.read().decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")

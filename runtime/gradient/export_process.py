"""The process that exports, what it says, and its end: torch never enters this one, and the picture
keeps moving."""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from typing import IO, Any

from ..ending import ending
from ..errors import Cancelled, LivedreamError, UsageError
from ..progress import Progress

EXPORTER: tuple[str, ...] = (sys.executable, "-m", "livedream.export")

KILLED, LEAVING = 0.5, 1.5
"""Seconds after which an exporter that was asked to end is killed, and that the end of the program
waits for that."""


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


under_way = _UnderWay()


def converse(
    command: list[str],
    progress: Progress | None,
    background: bool,
    cancel: threading.Event | None,
) -> dict[str, Any]:
    """Run the exporter and read its JSON lines: stages, and in the end `done` or `error`."""
    with tempfile.TemporaryFile() as complaints:
        with ExitStack() as opened:
            with ending.whole():  # A signal must not come between the process and its end.
                child = _start(command, complaints, background)
                opened.callback(_end, child)
            done = _listen(child, progress, cancel)
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
        heed(cancel)
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


def heed(cancel: threading.Event | None) -> None:
    """Raise Cancelled where the program ends or the export is not wanted any more."""
    if under_way.leaving or (cancel is not None and cancel.is_set()):
        raise Cancelled("The export was called off.")

"""A process that computes gradients: how it is started, talked with and ended.

Images pass through memory without a name that both processes map: nothing stays behind, however
they end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import LivedreamError
from .providers import Provider
from .shared import Shared

COMMAND: tuple[str, ...] = (sys.executable, "-m", "livedream.runtime.gradient.waiting")

KILLED = 1.0
"""Seconds that a killed process has to be gone."""

PLAYS = 10
"""Priority, as a nice value, of a process that computes the dream. What shows the picture, in the
process that this is a child of, comes first: on a busy machine the dream gets slower, not that."""

WAITS = 15
"""Priority of a process that nobody waits for."""

TRIES = 10

# A child is killed with the thread that started it (`waiting.end_with`): this one stays.
_starter = ThreadPoolExecutor(1, "children")


class Child:
    """A process that is starting: it says so when it is ready, see `connection`, and then waits for
    `begin`.

    spare: for which provider it makes itself ready, because nobody waits for it yet. Raises
    LivedreamError where none can start.
    """

    def __init__(self, spare: Provider | None = None) -> None:
        ours, theirs = Pipe()
        self.connection: Any = ours
        try:
            self._memory = _memory()
            arguments = {"spare": spare and spare.name, "parent": os.getpid()}
            self.process = _starter.submit(_started, arguments, theirs, self._memory).result()
        except (OSError, RuntimeError) as error:
            ours.close()
            raise LivedreamError(f"A process for the gradient cannot start: {error}.") from error
        finally:
            theirs.close()
        self.prioritise(WAITS if spare else PLAYS)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def prioritise(self, nice: int) -> None:
        """Set its priority, where that can be set back: on Linux, where its session is a group of
        its own for the scheduler. The nice value itself could only be raised."""
        if sys.platform != "linux":
            return
        for _ in range(TRIES):
            try:
                Path(f"/proc/{self.process.pid}/autogroup").write_text(str(nice))
                return
            except BlockingIOError:  # Somebody did so within the last 0.1 s.
                time.sleep(0.2 / TRIES)
            except OSError:
                return

    def begin(
        self, path: Path, provider: Provider, channels: Mapping[str, int], cut: Mapping[str, str]
    ) -> None:
        """Have it compute gradients of the graph at `path`; its answer is to be waited for. Raises
        OSError where it is gone.

        channels: of the steering's inputs, by name. cut: one of `Graph.cuts`, or empty.
        """
        self.shared = Shared(self._memory.fileno(), channels)
        self.shared.reserve((0, 0))
        self.connection.send(("begin", (str(path), provider.name, dict(channels), dict(cut))))

    def steer(self, steering: Mapping[str, np.ndarray]) -> None:
        for name, values in self.shared.steering().items():
            np.copyto(values, steering[name])

    def end(self) -> int | None:
        """Kill it. Returns its exit code, None where it does not die. Whoever waits for its answer
        hears that it is gone."""
        self.process.kill()
        try:
            return self.process.wait(KILLED)
        except subprocess.TimeoutExpired:
            return None

    def release(self) -> None:
        """Let go of what is held here, when it has ended and nobody waits for it."""
        self.connection.close()
        self._memory.close()


class Spare:
    """One process that waits for whoever needs the next, so that its start costs nobody time. From
    any thread; it ends when nobody holds this any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the one that waits; None where none does."""
        child = self._child
        return child.process.pid if child and child.alive else None

    def fill(self, provider: Provider) -> None:
        """Have one wait, ready to open sessions of `provider`. One that cannot start is not told:
        who needs one hears of it."""
        with self._lock:
            if self._closed or (self._child and self._child.alive):
                return
            self._drop()
            with suppress(LivedreamError):
                self._child = child = Child(provider)
                self._finalizer = weakref.finalize(self, child.end)

    def take(self) -> Child:
        """The one that waits, or a new one. Raises LivedreamError where none can start."""
        with self._lock:
            child = self._child
            if child and child.alive:
                self._finalizer.detach()
                self._child = None
                child.prioritise(PLAYS)
                return child
            self._drop()
        return Child()

    def close(self) -> None:
        """End the one that waits; no other will."""
        with self._lock:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        if self._child:
            self._finalizer.detach()
            self._child.end()
            self._child.release()
            self._child = None


def _memory() -> IO[bytes]:
    """A file without a name, in memory where that can be had."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("livedream"), "r+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _started(
    arguments: dict[str, Any], connection: Any, file: IO[bytes]
) -> subprocess.Popen[bytes]:
    windows = sys.platform == "win32"
    passed = [connection.fileno(), file.fileno()]
    if sys.platform == "win32":
        import msvcrt

        passed[1] = msvcrt.get_osfhandle(file.fileno())
        for handle in passed:
            os.set_handle_inheritable(handle, True)
    request = {**arguments, "connection": passed[0], "file": passed[1]}
    return subprocess.Popen(
        [*COMMAND, json.dumps(request)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # what a library prints
        pass_fds=() if windows else passed,
        close_fds=not windows,
        start_new_session=True,  # signals from the terminal are for the program
    )

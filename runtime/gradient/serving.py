"""The process that computes gradients: holds the sessions of one graph and answers one request at a
time. It needs onnxruntime and numpy, and ends with the program that started it."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError
from .ort import ort
from .providers import PROVIDERS, find_provider
from .session import open_session

Size = tuple[int, int]


class Shared:
    """What both processes map of `file`: the steering, one float32 vector per name, then image and
    gradient, float32 [3, height, width], of whichever size is computed."""

    def __init__(self, file: int, channels: Mapping[str, int]) -> None:
        self._file, self._channels = file, dict(sorted(channels.items()))
        self._values = np.empty(0, np.float32)

    def reserve(self, size: Size) -> None:
        """Have room for images of this size; from the process that made the file."""
        needed = 4 * (sum(self._channels.values()) + 6 * size[0] * size[1])
        if os.fstat(self._file).st_size < needed:
            os.ftruncate(self._file, needed)

    def steering(self) -> dict[str, np.ndarray]:
        values, start = self._mapped(), 0
        views = {}
        for name, count in self._channels.items():
            views[name] = values[start : start + count]
            start += count
        return views

    def images(self, size: Size) -> tuple[np.ndarray, np.ndarray]:
        """Image and gradient."""
        start, pixels = sum(self._channels.values()), 3 * size[0] * size[1]
        values = self._mapped()[start : start + 2 * pixels]
        return values[:pixels].reshape(3, *size), values[pixels:].reshape(3, *size)

    def _mapped(self) -> np.ndarray:
        length = os.fstat(self._file).st_size
        if self._values.nbytes < length:
            self._values = np.frombuffer(mmap.mmap(self._file, length), np.float32)
        return self._values


class Server:
    """The sessions by size. Requests are methods; what they raise is told to the other side."""

    def __init__(self, path: Path, provider: str, shared: Shared) -> None:
        self._path, self._provider, self._shared = path, find_provider(provider), shared
        self._sessions: dict[Size, ort.InferenceSession] = {}

    def open(self, size: Size) -> float:
        """Returns the seconds that one gradient takes."""
        session = open_session(self._path, self._provider, size=size)
        image, _ = self._shared.images(size)
        image[:] = 0.5
        self._compute(session, size)
        before = time.perf_counter()
        self._compute(session, size)
        self._sessions[size] = session
        return time.perf_counter() - before

    def run(self, size: Size) -> None:
        self._compute(self._sessions[size], size)

    def reference(self, size: Size) -> None:
        """The gradient by onnxruntime's own kernels."""
        self._compute(open_session(self._path, PROVIDERS["cpu"], size=size), size)

    def let_go(self, size: Size) -> None:
        self._sessions.pop(size, None)

    def _compute(self, session: ort.InferenceSession, size: Size) -> None:
        image, gradient = self._shared.images(size)
        (computed,) = session.run(["gradient"], {"image": image[None], **self._shared.steering()})
        if not isinstance(computed, np.ndarray) or computed.shape != (1, 3, *size):
            raise LivedreamError(
                f"{self._path.name} gives no gradient of its input's shape; export it again with "
                "`livedream export`."
            )
        np.copyto(gradient, computed[0])


def serve(connection: Connection, server: Server) -> None:
    """Answer until the other side is gone. An answer is (True, result) or (False, sentence)."""
    connection.send((True, None))
    while True:
        try:
            name, size = connection.recv()
        except (EOFError, OSError):
            return
        answer: tuple[bool, Any]
        try:
            answer = True, getattr(server, name)(size)
        except LivedreamError as error:
            answer = False, str(error)
        except Exception as error:  # noqa: BLE001 - told to the other process, which raises it
            reason = str(error).split("\n")[0][:300].rstrip(".") or type(error).__name__
            answer = False, f"The gradient cannot be computed ({reason})."
        try:
            connection.send(answer)
        except OSError:
            return


def end_with(parent: int) -> None:
    """Have this process killed when its parent dies, also while it is inside of a library."""
    for number in (signal.SIGINT, signal.SIGTERM):  # They are for the program, which ends this.
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        death_signal = 1
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # It was too late for that.
            os._exit(1)


def main(arguments: dict[str, Any]) -> None:
    """arguments: those that `process.start` gives."""
    end_with(arguments["parent"])
    if sys.platform == "win32":
        import msvcrt
        from multiprocessing.connection import PipeConnection

        connection: Any = PipeConnection(arguments["connection"])
        file = msvcrt.open_osfhandle(arguments["file"], os.O_RDWR)
    else:
        connection, file = Connection(arguments["connection"]), arguments["file"]
    shared = Shared(file, arguments["channels"])
    serve(connection, Server(Path(arguments["graph"]), arguments["provider"], shared))
    os._exit(0)  # Libraries that are still at work abort an ordinary end.


if __name__ == "__main__":
    import json

    main(json.loads(sys.argv[1]))

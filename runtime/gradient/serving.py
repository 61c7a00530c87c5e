"""What the process that computes gradients does: it holds the sessions of one graph and answers one
request at a time. It needs onnxruntime and numpy."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError, reason
from .ort import ort
from .providers import PROVIDERS, find_provider
from .session import open_session
from .shared import Shared, Size


class Server:
    """The sessions by size. Requests are methods; what they raise is told to the other side.

    file: what the program shares with this process, `begin` says how.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._sessions: dict[Size, ort.InferenceSession] = {}
        self._asked: tuple[tuple[Size, tuple[str, ...]], ort.InferenceSession] | None = None

    def begin(self, what: tuple[str, str, dict[str, int], dict[str, str]]) -> None:
        """The first request: the graph's file, the provider's name, the channels of the steering's
        inputs, and how the graph is cut."""
        path, provider, channels, self._cut = what
        self._path, self._provider = Path(path), find_provider(provider)
        self._shared = Shared(self._file, channels)

    def open(self, size: Size) -> None:
        self._sessions[size] = open_session(self._path, self._provider, size=size, cut=self._cut)

    def first(self, size: Size) -> float:
        """Returns the seconds that the first gradient took; the next ones are quicker."""
        image, _ = self._shared.images(size)
        image[:] = 0.5
        before = time.perf_counter()
        try:
            self._compute(self._sessions[size], size)
        except Exception:
            del self._sessions[size]
            raise
        return time.perf_counter() - before

    def run(self, size: Size) -> None:
        self._compute(self._sessions[size], size)

    def reference(self, size: Size) -> None:
        """The gradient by onnxruntime's own kernels."""
        self._compute(open_session(self._path, PROVIDERS["cpu"], size=size, cut=self._cut), size)

    def values(self, asked: tuple[Size, tuple[str, ...]]) -> dict[str, np.ndarray]:
        """Outputs of the graph, by onnxruntime's own kernels, opened for this and kept for more of
        the same."""
        size, outputs = asked
        if self._asked is None or self._asked[0] != asked:
            self._asked = None
            opened = open_session(self._path, PROVIDERS["cpu"], size=size, outputs=outputs)
            self._asked = asked, opened
        image, _ = self._shared.images(size)
        fed = {"image": image[None], **self._shared.steering()}
        found = self._asked[1].run(list(outputs), fed)
        return dict(zip(outputs, map(np.asarray, found), strict=True))

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
            name, argument = connection.recv()
        except (EOFError, OSError):
            return
        answer: tuple[bool, Any]
        try:
            answer = True, getattr(server, name)(argument)
        except LivedreamError as error:
            answer = False, str(error)
        except Exception as error:  # noqa: BLE001 - told to the other process, which raises it
            answer = False, f"The gradient cannot be computed ({reason(error)})."
        try:
            connection.send(answer)
        except OSError:
            return

"""A session in a process of its own, for onnxruntimes that hold Python's lock while they open one.

Up to 1.30 they do, and a session of OpenVINO opened beside the dream would hold up the picture for
a quarter of a second. Image, gradient and steering pass through a file that both processes map.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError
from .providers import Provider, find_provider

RELEASES_LOCK = (1, 31)
"""The first onnxruntime that lets other threads go on while a session opens."""

COMMAND: tuple[str, ...] = (sys.executable, "-m", "livedream.runtime.gradient.process")


def holds_lock(version: str) -> bool:
    """Whether this onnxruntime stops the other threads of Python while it opens a session."""
    major, minor = version.split(".")[:2]
    return (int(major), int(minor)) < RELEASES_LOCK


class Shared:
    """What both processes map: image and gradient, float32 [3, height, width], and the steering,
    one float32 vector per name."""

    def __init__(self, path: Path, size: tuple[int, int], channels: Mapping[str, int]) -> None:
        pixels = 3 * size[0] * size[1]
        values = np.memmap(path, np.float32, "r+", shape=(2 * pixels + sum(channels.values()),))
        self.image = values[:pixels].reshape(3, *size)
        self.gradient = values[pixels : 2 * pixels].reshape(3, *size)
        self.steering: dict[str, np.ndarray] = {}
        start = 2 * pixels
        for name in sorted(channels):
            self.steering[name] = values[start : start + channels[name]]
            start += channels[name]


class RemoteSession:
    """Does what an `InferenceSession` is needed for here. `close` ends its process; so does the end
    of this one.

    size: (height, width). channels: of the steering's inputs, by name. Raises LivedreamError as
    `open_session` does, and where the process ends.
    """

    def __init__(
        self,
        path: Path,
        provider: Provider,
        *,
        size: tuple[int, int],
        channels: Mapping[str, int],
    ) -> None:
        memory = Path("/dev/shm")  # memory where there is such a place, else a file
        self._folder = Path(
            tempfile.mkdtemp(prefix="livedream-", dir=memory if memory.is_dir() else None)
        )
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        try:
            file = self._folder / "shared"
            file.write_bytes(bytes(4 * (6 * size[0] * size[1] + sum(channels.values()))))
            self._shared = Shared(file, size, channels)
            request = {
                "graph": str(path),
                "provider": provider.name,
                "size": size,
                "channels": dict(channels),
                "file": str(file),
            }
            self._child = subprocess.Popen(
                [*COMMAND, json.dumps(request)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
            self._answer()
            # Both have it mapped: nothing stays behind, however they end.
            shutil.rmtree(self._folder, ignore_errors=True)
        except OSError as error:
            self.close()
            raise LivedreamError(f"A session cannot be opened in a process: {error}.") from error
        except BaseException:
            self.close()
            raise

    def run(self, names: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """names: ["gradient"]. feeds: `image` [1, 3, height, width] and the steering."""
        if list(names) != ["gradient"]:
            raise ValueError(f"{names} is not computed here, only the gradient")
        with self._lock:
            np.copyto(self._shared.image, feeds["image"][0])
            for name, values in self._shared.steering.items():
                np.copyto(values, feeds[name])
            child = self._child
            if child is None:
                raise LivedreamError("The session is closed.")
            assert child.stdin is not None
            try:
                print("run", file=child.stdin, flush=True)
            except OSError as error:
                raise self._ended() from error
            self._answer()
            return [self._shared.gradient[None].copy()]

    def close(self) -> None:
        """May be called twice, from any thread."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                assert child.stdin is not None
                assert child.stdout is not None
                child.kill()
                child.wait()
                child.stdin.close()
                child.stdout.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __del__(self) -> None:
        if hasattr(self, "_lock"):
            self.close()

    def _answer(self) -> None:
        """Wait for the other process. Raises its error."""
        assert self._child is not None
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if not line.startswith("{"):
                continue  # what a library prints
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer:
                raise LivedreamError(answer["error"])
            return
        raise self._ended()

    def _ended(self) -> LivedreamError:
        assert self._child is not None
        return LivedreamError(
            f"The process that computes the gradient ended (exit code {self._child.wait()})."
        )


def serve(request: dict[str, Any]) -> None:
    """The other process: open, then compute once for every line on standard input."""
    from .session import open_session

    # Ctrl-C in the terminal is for the program, which ends this process by closing its input.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    size: tuple[int, int] = tuple(request["size"])  # pyright: ignore[reportAssignmentType]
    try:
        session = open_session(
            Path(request["graph"]),
            find_provider(request["provider"]),
            size=size,
        )
    except LivedreamError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    shared = Shared(Path(request["file"]), size, request["channels"])
    print(json.dumps({"opened": os.getpid()}), flush=True)
    for _ in sys.stdin:
        feeds = {"image": shared.image[None], **shared.steering}
        try:
            (gradient,) = session.run(["gradient"], feeds)
        except Exception as error:  # noqa: BLE001 - told to the other process, which raises it
            print(json.dumps({"error": str(error).split("\n")[0][:300]}), flush=True)
            continue
        np.copyto(shared.gradient, np.asarray(gradient)[0])
        print(json.dumps({"done": True}), flush=True)


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))

"""The show of a soak, as seen from outside."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

import psutil
from pythonosc.osc_message_builder import build_msg

from livedream.runtime.exhibit.keeper import FRUGAL
from tests.runtime.toy_graph import write_toy

from .camera import NAME
from .switches import Switch, switches
from .watch import Watch

ROOT = Path(__file__).parents[2]
SIZE = "64x48"
"""Of what is dreamt."""

OPENING = 120.0
"""Seconds until it has to be seen first."""

TAKES = 12_000
"""Microseconds of a gradient of the toy, about those of a real network: the rest of the show has
them."""

PIPE = 1 << 20
"""Bytes of pictures that wait to be looked at, at most."""

SAYS = 5.0
"""Seconds until it has to say what happened."""


class ShowProcess:
    """The program on the toy network, everything of it in `folder`.

    graph: another network than the toy, which is as fast as it is. more: options of `run`.
    held: the switches. watch: looks at its pictures. seen: the process.
    """

    def __init__(self, folder: Path, port: int, graph: Path | None = None, *more: str) -> None:
        self.held = switches(folder / "switches", fresh=True)
        self.held[Switch.TAKES] = 0 if graph else TAKES
        reader, writer = os.pipe()
        kept_reader, kept = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.show", str(folder / "switches"), str(writer),
             "--kept", str(kept), "--source", NAME, "--headless", "--graph",
             str(graph or write_toy(folder / "toy.onnx")), "--provider", "cpu", "--octaves", "1",
             "--size", SIZE, "--osc", f":{port}", "--page", f":{port + 1}",
             "--out", f"mjpeg:{port + 2}", "--flash-limit", "strict",
             "--record", str(folder / "first.mp4"),
             "--stats", str(folder / "stats.json"), *more],
            cwd=folder, pass_fds=[writer, kept], stderr=subprocess.PIPE,
            env={**FRUGAL, **os.environ, "LIVEDREAM_CACHE": str(folder / "cache"),
                 "COLUMNS": "500",
                 "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"},
        )  # fmt: skip
        os.close(writer)
        os.close(kept)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE)
        self._kept = kept_reader
        self.seen = psutil.Process(self.process.pid)
        self.watch = Watch(os.fdopen(reader, "rb"))
        self.watch.start()
        self._place = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._said: deque[str] = deque(maxlen=1000)
        self._news, self._silent = threading.Condition(), False
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._drain, daemon=True).start()
        self.watch.newest = 0
        if self.watch.after(0.0, time.monotonic() + OPENING) is None:
            raise SystemExit("no picture at all:\n" + self.said)
        # An exhibit records only where it was asked to at its start.
        self.say("record", 0)
        self.until_said("Recorded ")

    def say(self, name: str, *values: object) -> None:
        """By OSC."""
        self._socket.sendto(build_msg(f"/livedream/{name}", list(values)).dgram, self._place)

    @property
    def said(self) -> str:
        """What it told since `forget`, in one line."""
        return " ".join(self._said)

    def forget(self) -> None:
        self._said.clear()

    def until_said(self, pattern: str, seconds: float = SAYS) -> bool:
        """Waits for that; whether it was said."""
        with self._news:
            return self._news.wait_for(
                lambda: bool(re.search(pattern, self.said)) or self._silent, seconds
            ) and bool(re.search(pattern, self.said))

    def takes(self) -> dict[str, int]:
        """kB of memory of its own, descriptors, threads, children, and of shared memory the files
        that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (anonymous,) = re.findall(r"RssAnon:\s+(\d+)", status)
        maps = Path(f"/proc/{self.process.pid}/maps").read_text()
        shared = {line.split()[4] for line in maps.splitlines() if "/memfd:" in line}
        return {
            "kB": int(anonymous), "descriptors": self.seen.num_fds(),
            "threads": self.seen.num_threads(), "children": len(self.seen.children()),
            "shared": len(shared),
        }  # fmt: skip

    @property
    def gradients(self) -> int:
        return int(self.held[Switch.GRADIENTS])

    def end(self) -> int:
        """Asks it to end. Returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._socket.close()

    def _listen(self) -> None:
        assert self.process.stderr
        with self.process.stderr as lines:
            for line in lines:
                with self._news:
                    self._said.append(line.decode("utf-8", "replace").strip())
                    self._news.notify_all()
        with self._news:
            self._silent = True
            self._news.notify_all()

    def _drain(self) -> None:
        """What it would tell its keeper."""
        while os.read(self._kept, 65536):
            pass
        os.close(self._kept)

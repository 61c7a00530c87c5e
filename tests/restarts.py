"""How soon a picture is shown again after a show died or hung, and what the screen shows meanwhile.

    python -m tests.restarts --rounds 3
    python -m tests.restarts --graph efficientnet.onnx

Runs `livedream exhibit` itself on the demo scene, on an X server of its own with
a window manager (Xvfb, openbox) whose desktop has one loud colour, and does to the show, in turns,
what DEEDS says. Prints for each how long it took the keeper to notice, and then the show until its
first picture, how much processor time that took, and how many looks at the screen saw the desktop,
in any place, from the deed until then. Exit code 1 where one did.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import mss
import numpy as np
import psutil

from .runtime.toy_graph import write_toy
from .xserver import xserver

DESKTOP = (0xFF, 0x00, 0xC8)
"""RGB; nothing that is dreamt of clouds has it."""

LOOK = 0.05
"""Seconds between two looks at the screen."""

PLAYS = 4.0
"""Seconds that a show plays before something is done to it."""

DEEDS: dict[str, Callable[[psutil.Process], None]] = {
    "killed": lambda show: show.kill(),
    "ended by a fault in native code": lambda show: show.send_signal(signal.SIGSEGV),
    "hung": lambda show: show.send_signal(signal.SIGSTOP),
}

PLAYING = r"exhibit: A picture is shown"
NOTICED = r"exhibit: (The show ended|No picture was shown)"


class Screen(threading.Thread):
    """Looks at the screen all the time. desktop: looks that saw it since that was last set to 0;
    looks: how many there were."""

    def __init__(self, display: str) -> None:
        super().__init__(name="screen", daemon=True)
        self.desktop = self.looks = 0
        self._display, self._ended = display, threading.Event()

    def run(self) -> None:
        with mss.MSS(display=self._display) as camera:
            while not self._ended.wait(LOOK):
                seen = np.asarray(camera.grab(camera.monitors[0]))[::8, ::8, 2::-1]
                self.looks += 1
                self.desktop += bool((seen == DESKTOP).all(axis=-1).any())

    def end(self) -> None:
        self._ended.set()
        self.join()


class Exhibit:
    """`livedream exhibit` with these options, in `folder`."""

    def __init__(self, folder: Path, display: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "livedream.runtime", "exhibit", *options],
            cwd=folder, stderr=subprocess.PIPE,
            env={**os.environ, "DISPLAY": display, "LIVEDREAM_CACHE": str(folder / "cache"),
                 "COLUMNS": "300"},
        )  # fmt: skip

    def until(self, pattern: str) -> float:
        """Reads on until it says that. Returns when."""
        assert self.process.stderr
        for line in self.process.stderr:
            text = line.decode("utf-8", "replace").strip()
            print(f"    {text}", flush=True)
            if re.search(pattern, text):
                return time.monotonic()
        raise SystemExit("It ended.")

    @property
    def show(self) -> psutil.Process:
        return next(
            child
            for child in psutil.Process(self.process.pid).children()
            if "--kept" in child.cmdline()
        )

    def end(self) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()
        self.process.communicate()


def taken(show: psutil.Process) -> float:
    """Seconds of processor time of the show and those that it started."""
    found = 0.0
    for each in [show, *show.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            found += sum(each.cpu_times()[:2])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--patience", type=float, default=10)
    parser.add_argument("--graph", type=Path, help="another network than the toy, by `export`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, xserver(1280, 720) as display:
        folder, here = Path(name), {**os.environ, "DISPLAY": display}
        colour = "#{:02x}{:02x}{:02x}".format(*DESKTOP)
        graph = options.graph.absolute() if options.graph else write_toy(folder / "toy.onnx")
        manager = subprocess.Popen(["openbox"], env=here, stderr=subprocess.DEVNULL)
        subprocess.run(["xsetroot", "-solid", colour], env=here, check=True)
        screen = Screen(display)
        screen.start()
        exhibit = Exhibit(
            folder, display, "--patience", f"{options.patience:g}", "--nightly", "never",
            "--source", "demo", "--graph", str(graph), "--provider", "cpu",
        )  # fmt: skip
        seen = 0
        try:
            exhibit.until(PLAYING)
            for _ in range(options.rounds):
                for deed, do in DEEDS.items():
                    seen += after(deed, do, exhibit, screen)
        finally:
            exhibit.end()
            screen.end()
            manager.kill()
            manager.wait()
    return int(bool(seen))


def after(deed: str, do: Callable[[psutil.Process], None], exhibit: Exhibit, screen: Screen) -> int:
    """Does it, and tells what came of it. Returns how many looks saw the desktop."""
    time.sleep(PLAYS)
    screen.desktop = screen.looks = 0
    done = time.monotonic()
    do(exhibit.show)
    noticed = exhibit.until(NOTICED)
    shown = exhibit.until(PLAYING)
    took, looks, desktop = taken(exhibit.show), screen.looks, screen.desktop
    load = os.getloadavg()[0]
    print(
        f"{deed}: noticed after {noticed - done:.1f} s, a picture again {shown - noticed:.1f} s "
        f"later, of {took:.1f} s of processor time; the desktop was seen in {desktop} of {looks} "
        f"looks (load {load:.0f} on {os.cpu_count()} cores)",
        flush=True,
    )
    return desktop


if __name__ == "__main__":
    sys.exit(main())

"""Play the real show for a while, do things to it, and watch from outside what it takes.

    python -m tests.soak --minutes 10 --seed 3

The toy network, the demo scene, no window. Every few seconds a fault by a seeded script: the
process stopped for up to two and a half seconds, a process of its session killed, values said by
OSC. After each a picture has to come within RECOVERY seconds. Two lines tell pictures, faults, the
slope of memory (Theil-Sen, after WARM_UP pictures; shorter slices say nothing of it) and whether
descriptors, threads and children are as many as at first. Exit code 1 where something was lost or
grew.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from .runtime.toy_graph import write_toy

RECOVERY = 10.0
WARM_UP = 20_000
"""Pictures: until then the windows of `Stats` fill up, which looks like a leak."""

FEWEST = 100
"""Samples that a slope is told of."""

SLOPE = 20.0
"""kB per 1,000 pictures."""

PORT = 18642


class Show:
    """The program, and the pipe that it tells of pictures through."""

    def __init__(self, folder: Path) -> None:
        self.reader, writer = os.pipe()
        graph = write_toy(folder / "toy.onnx")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "livedream.runtime", "run", "--source", "demo", "--headless",
             "--graph", str(graph), "--provider", "cpu", "--octaves", "1", "--size", "64x48",
             "--osc", f":{PORT}", "--stats", "stats.json", "--kept", str(writer)],
            cwd=folder, pass_fds=[writer], stderr=(folder / "said").open("w"),
            env={**os.environ, "LIVEDREAM_CACHE": str(folder / "cache")},
        )  # fmt: skip
        os.close(writer)
        self.seen = psutil.Process(self.process.pid)

    def picture(self, seconds: float) -> float:
        """Seconds until it tells of the next picture. Raises SystemExit where none comes."""
        began = time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0:
            if select.select([self.reader], [], [], left)[0]:
                content = os.read(self.reader, 65536)
                if b"shown" in content:
                    return time.monotonic() - began
                if not content:
                    break
        raise SystemExit(f"no picture within {seconds:.0f} seconds")

    def forget(self) -> None:
        """What it told until now."""
        while select.select([self.reader], [], [], 0)[0] and os.read(self.reader, 65536):
            pass

    def takes(self) -> dict[str, float]:
        anonymous = next(
            int(line.split()[1])
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            if line.startswith("RssAnon")
        )
        return {
            "kB": anonymous, "descriptors": self.seen.num_fds(),
            "threads": self.seen.num_threads(), "children": len(self.seen.children()),
        }  # fmt: skip


def stop_for_a_while(show: Show, chance: random.Random) -> None:
    show.seen.send_signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.5, 2.5))
    show.seen.send_signal(signal.SIGCONT)


def kill_a_child(show: Show, chance: random.Random) -> None:
    children = show.seen.children()
    if children:
        with suppress(psutil.NoSuchProcess):
            chance.choice(children).kill()


def turn_things(show: Show, chance: random.Random) -> None:
    from pythonosc.udp_client import SimpleUDPClient

    client = SimpleUDPClient("127.0.0.1", PORT)
    for _ in range(20):
        name, value = chance.choice(
            [("mirror", chance.randint(0, 1)), ("amount", chance.random()),
             ("step_size", chance.uniform(0, 20)), ("compare", chance.randint(0, 1)),
             ("size", chance.choice(["64x48", "96x64", "80x60"])), ("reset", 1),
             ("freeze", 0), ("flash_limit", chance.choice(["strict", "standard", "off"])),
             ("nonsense", "x")],
        )  # fmt: skip
        client.send_message(f"/livedream/{name}", value)


FAULTS = (stop_for_a_while, kill_a_child, turn_things)


def slope(pictures: np.ndarray, size: np.ndarray) -> float:
    """Theil-Sen: the median of the slopes between all pairs, per 1,000 pictures."""
    if len(size) < 2:
        return 0.0
    first, second = np.triu_indices(len(size), 1)
    return float(
        np.median((size[second] - size[first]) / np.maximum(1, pictures[second] - pictures[first]))
        * 1000
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = Show(folder)
        try:
            show.picture(120)
            began, samples, longest, done = time.monotonic(), [], 0.0, dict.fromkeys(FAULTS, 0)
            next_fault = began + 5
            while (passed := time.monotonic() - began) < options.minutes * 60:
                time.sleep(1)
                samples.append({"time": passed, **show.takes()})
                if time.monotonic() > next_fault:
                    fault = chance.choice(FAULTS)
                    fault(show, chance)
                    done[fault] += 1
                    show.forget()
                    longest = max(longest, show.picture(RECOVERY))
                    next_fault = time.monotonic() + chance.uniform(5, 25)
        finally:
            if show.process.poll() is None:
                show.process.terminate()
            code = show.process.wait(20)
        stats = json.loads((folder / "stats.json").read_text())
    shown = stats["shown"]
    pictures = np.array([each["time"] for each in samples]) * shown / passed
    warm = pictures > WARM_UP
    growth = slope(pictures[warm], np.array([each["kB"] for each in samples])[warm])
    counts = {
        key: sorted({each[key] for each in (samples[5], samples[-1])})
        for key in ("descriptors", "threads", "children")
    }
    faults = ", ".join(f"{number} x {fault.__name__}" for fault, number in done.items())
    print(f"{shown} pictures in {passed:.0f} s; {faults}; longest recovery {longest:.1f} s")
    told = (
        f"{growth:+.1f} kB per 1,000 pictures" if warm.sum() > FEWEST else "not judged: too short"
    )
    print(f"memory {told}; {counts}; exit code {code}")
    same = all(values[-1] - values[0] <= 2 for values in counts.values())
    return int(code != 0 or (warm.sum() > FEWEST and growth > SLOPE) or not same)


if __name__ == "__main__":
    sys.exit(main())

"""From an OSC packet to the first picture that it shapes, in the running program.

    python -m tests.latency --packets 300

Plays the demo as `livedream run` does, without a window, and sends packets at odd moments from
another process: `amount`, which shapes the next picture, and `strength`, which shapes the next
dream. Prints how long a packet takes to the desk, and until its picture or dream is made, and the
interval of those beside it: a packet waits half an interval on average and a whole one at worst.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console

from livedream.runtime.choices import Choices
from livedream.runtime.control.desk import Desk
from livedream.runtime.live import loop, presenter, show
from livedream.runtime.live.surfaces import Surfaces

PORT = 8654
REST = 4.0
"""Seconds before the first packet."""

SENDER = """
import random, sys, time
from pythonosc.udp_client import SimpleUDPClient

client, draw = SimpleUDPClient("127.0.0.1", int(sys.argv[1])), random.Random(1)
time.sleep(float(sys.argv[3]))
for number in range(int(sys.argv[2])):
    for name, value in (("amount", 0.5 + number % 7 / 16), ("strength", 20.0 + number % 9)):
        sent = time.monotonic()
        client.send_message(f"/livedream/{name}", [value, 0.0])
        print(name, value, sent, flush=True)
        time.sleep(draw.uniform(0.15, 0.35))
client.send_message("/livedream/quit", 1)
"""


class Watched:
    """When each value was first seen in a picture, and when in a dream."""

    def __init__(self) -> None:
        self.said: list[float] = []
        self.seen: dict[str, list[tuple[float, float]]] = {"amount": [], "strength": []}
        self.times: dict[str, list[float]] = {"amount": [], "strength": []}

    def saw(self, name: str, value: float) -> None:
        now = time.monotonic()
        self.times[name].append(now)
        if not self.seen[name] or self.seen[name][-1][0] != value:
            self.seen[name].append((value, now))


def watch(watched: Watched) -> None:
    """Have the presenter and the loop tell what shaped what they made, once it is made."""
    shown, dreamt, told = presenter.Presenter._made, loop.Dreaming._dream, Desk.set

    def made(self, fresh, frame, state):
        picture = shown(self, fresh, frame, state)
        if picture:
            watched.saw("amount", float(state["amount"]))
        return picture

    def dream(self, state, frame):
        dreamt(self, state, frame)
        watched.saw("strength", float(state["strength"]))

    def tell(self, name, value, source, seconds=None):
        told(self, name, value, source, seconds)
        if name in watched.seen and source.startswith("osc"):
            watched.said.append(time.monotonic())

    Desk.set = tell
    presenter.Presenter._made, loop.Dreaming._dream = made, dream


def delays(sent: list[tuple[str, float, float]], watched: Watched, name: str) -> list[float]:
    """Seconds from each packet to the first picture or dream with its value."""
    found = []
    for said, value, at in sent:
        times = [when for seen, when in watched.seen[name] if seen == value and when >= at]
        if said == name and times and min(times) - at < 5:
            found.append(min(times) - at)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=300)
    parser.add_argument("--graph", type=Path)
    parser.add_argument("--size", default="320x240")
    chosen = parser.parse_args()
    width, height = map(int, chosen.size.split("x"))
    watched = Watched()
    watch(watched)
    sent: list[tuple[str, float, float]] = []
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER, str(PORT), str(chosen.packets), str(REST)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def collect() -> None:
        for line in sender.stdout or ():
            name, value, at = line.split()
            sent.append((name, float(value), float(at)))

    reader = threading.Thread(target=collect)
    reader.start()
    choices = Choices(
        "auto", None, chosen.graph, "auto", "live", "auto", "auto", (width, height), 0, None, {}
    )
    show.run_show(
        Console(stderr=True), choices, "demo", False, (), True, None, None, None, False, {},
        surfaces=Surfaces(osc=("127.0.0.1", PORT)),
    )  # fmt: skip
    reader.join()
    took = np.array(watched.said[: len(sent)]) - np.array(
        [at for *_, at in sent][: len(watched.said)]
    )
    p50, p95, p99 = np.percentile(took * 1000, (50, 95, 99))
    print(f"to the desk: {len(took)} packets, p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms")
    for name, what in (("amount", "picture"), ("strength", "dream")):
        took = np.array(delays(sent, watched, name)) * 1000
        gaps = np.array([b - a for a, b in pairwise(watched.times[name])]) * 1000
        p50, p95, p99 = np.percentile(took, (50, 95, 99))
        print(
            f"to the {what}: {len(took)} packets, p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms; "
            f"interval p50 {np.median(gaps):.1f}, p99 {np.percentile(gaps, 99):.1f} ms"
        )


if __name__ == "__main__":
    main()

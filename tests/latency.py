"""From an OSC packet to the first picture that it shapes, in the running program.

    python -m tests.latency --packets 300

Plays the demo as `livedream run` does, without a window, and sends packets at odd moments from
another process: `amount`, which shapes the next picture, and `strength`, which shapes the next
dream. Prints how long a packet takes to the desk, and until its picture or dream is made, and the
interval of those beside it: a packet waits half an interval on average and a whole one at worst.
Of how many that is the very next one to be made depends little on what else the machine does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from livedream.runtime.choices import Choices
from livedream.runtime.control.desk import Desk
from livedream.runtime.live import loop, presenter, show
from livedream.runtime.live.surfaces import Surfaces

PORT = 8654
REST = 4.0
"""Seconds before the first packet, from the first picture on."""

SENDER = """
import random, sys, time
from pythonosc.udp_client import SimpleUDPClient

client, draw = SimpleUDPClient("127.0.0.1", int(sys.argv[1])), random.Random(1)
sys.stdin.read()  # Once it plays.
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
        self.said: list[tuple[float, float]] = []
        self.seen: dict[str, list[tuple[float, float]]] = {"amount": [], "strength": []}
        self.times: dict[str, list[float]] = {"amount": [], "strength": []}
        self.plays = threading.Event()

    def saw(self, name: str, value: float) -> None:
        now = time.monotonic()
        self.times[name].append(now)
        self.plays.set()
        if not self.seen[name] or self.seen[name][-1][0] != value:
            self.seen[name].append((value, now))


def watch(watched: Watched) -> None:
    """Have the presenter and the loop tell what shaped what they made, once it is made."""
    laid, dreamt, told = presenter.Presenter._composed, loop.Dreaming._dream, Desk.set
    shown = presenter.Presenter._shown
    amounts = []

    def composed(self, carried, image, state):
        amounts[:] = [float(state["amount"])]
        return laid(self, carried, image, state)

    def made(self, dream, frame):
        picture = shown(self, dream, frame)
        watched.saw("amount", *amounts)
        return picture

    def dream(self, state, frame):
        dreamt(self, state, frame)
        watched.saw("strength", self.dreamer.dream.strength)

    def tell(self, name, value, source, seconds=None):
        told(self, name, value, source, seconds)
        if name in watched.seen and source.startswith("osc"):
            watched.said.append((float(value), time.monotonic()))

    Desk.set = tell
    presenter.Presenter._composed, presenter.Presenter._shown = composed, made
    loop.Dreaming._dream = dream


def delays(sent: list[tuple[float, float]], seen: list[tuple[float, float]]) -> list[float]:
    """Seconds from each packet, (value, time), to the first that was seen with its value."""
    found = []
    for value, at in sent:
        times = [when for one, when in seen if one == value and when >= at]
        if times and min(times) - at < 5:
            found.append(min(times) - at)
    return found


def percentiles(seconds: list[float]) -> str:
    p50, p95, p99 = np.percentile(np.array(seconds) * 1000, (50, 95, 99))
    return f"{len(seconds)} packets, p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms"


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
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def collect() -> None:
        watched.plays.wait()
        if sender.stdin:
            sender.stdin.close()
        for line in sender.stdout or ():
            name, value, at = line.split()
            sent.append((name, float(value), float(at)))

    reader = threading.Thread(target=collect)
    reader.start()
    choices = Choices(
        "auto", None, chosen.graph, "auto", "live", "auto", "auto", (width, height), 0, None, {}
    )
    show.run_show(
        Console(stderr=True), choices, ("demo",), False, (), True, None, None, None, False, {},
        surfaces=Surfaces(osc=("127.0.0.1", PORT)),
    )  # fmt: skip
    reader.join()
    # Values are told apart by their order: no two that follow each other are the same.
    print("to the desk:", percentiles(delays([pair for _, *pair in sent], watched.said)))
    for name, what in (("amount", "picture"), ("strength", "dream")):
        own = [(value, at) for said, value, at in sent if said == name]
        took, made = delays(own, watched.seen[name]), np.array(watched.times[name])
        gaps = np.diff(made) * 1000
        following = made[np.searchsorted(made, [at for _, at in own]).clip(0, len(made) - 1)]
        soonest = [after - at for after, (_, at) in zip(following, own, strict=True)]
        least = np.array(soonest[: len(took)])
        next_one = np.mean(np.array(took) <= least + 1e-4) * 100
        print(
            f"to the {what}: {percentiles(took)}; interval p50 {np.median(gaps):.1f}, "
            f"p99 {np.percentile(gaps, 99):.1f} ms; the next one for {next_one:.0f} %"
        )


if __name__ == "__main__":
    main()

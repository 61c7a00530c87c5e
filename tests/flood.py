"""The running program under a flood of OSC: does the picture go on, is the last value right?

    python -m tests.flood --mangled 100000 --rate 20000 --seconds 10

Plays the demo as `livedream run` does, without a window. Another process leaves it alone for some
seconds, sends so many mangled packets, leaves it alone again, then sends so many good messages a
second; then the last values. Prints the intervals between pictures in each part, and what they are
to those of the part before it: both floods should leave them within FACTOR.
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
from livedream.runtime.live import presenter, show
from livedream.runtime.live.surfaces import Surfaces

PORT = 8655
FACTOR = 1.5
LAST = {"strength": 33.0, "step_size": 2.5}

SENDER = """
import random, socket, sys, time
from pythonosc.osc_message_builder import OscMessageBuilder

port, mangled, rate, seconds, rest = map(int, sys.argv[1:])
draw, to = random.Random(5), ("127.0.0.1", port)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

def message(name, value):
    made = OscMessageBuilder("/livedream/" + name)
    made.add_arg(value)
    return made.build().dgram

def paced(packets):
    begun, sent = time.monotonic(), 0
    for packet in packets:
        out.sendto(packet, to)
        sent += 1
        if sent % 20 == 0:
            time.sleep(max(0, begun + sent / rate - time.monotonic()))

def damaged():
    whole = [message("strength", 5.0), message("layers", "block9"), message("nothing", 1)]
    for _ in range(mangled):
        packet = bytearray(draw.choice(whole) if draw.random() < 0.7 else draw.randbytes(60))
        for _ in range(draw.randrange(1, 5)):
            packet[draw.randrange(len(packet))] = draw.randrange(256)
        yield bytes(packet[: draw.randrange(1, len(packet) + 1)])

def phase(name, work):
    print(name, time.monotonic(), flush=True)
    work()

names = ("strength", "step_size", "amount", "blur")
good = [message(draw.choice(names), draw.uniform(0.5, 3)) for _ in range(5000)]
flood = (good[number % 5000] for number in range(rate * seconds))
last = sys.stdin.read().split()  # Once it plays.
time.sleep(rest)
phase("quiet", lambda: time.sleep(rest))
phase("mangled", lambda: paced(damaged()))
phase("quiet", lambda: time.sleep(rest))
phase("flood", lambda: paced(flood))
phase("end", lambda: time.sleep(0.5))
for name, value in (part.split("=") for part in last):
    out.sendto(message(name, float(value)), to)
time.sleep(1)
out.sendto(message("quit", 1), to)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mangled", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rest", type=int, default=6)
    parser.add_argument("--graph", type=Path)
    chosen = parser.parse_args()
    times: list[float] = []
    plays = threading.Event()
    desks: list[Desk] = []
    shown = presenter.Presenter._shown

    def seen(self, dream, frame):
        picture = shown(self, dream, frame)
        times.append(time.monotonic())
        desks[:] = [self._desk]
        plays.set()
        return picture

    presenter.Presenter._shown = seen
    numbers = (PORT, chosen.mangled, chosen.rate, chosen.seconds, chosen.rest)
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER, *map(str, numbers)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    phases: list[tuple[str, float]] = []

    def collect() -> None:
        assert sender.stdin
        assert sender.stdout
        plays.wait()
        sender.stdin.write(" ".join(f"{name}={value}" for name, value in LAST.items()))
        sender.stdin.close()
        for line in sender.stdout:
            name, at = line.split()
            phases.append((name, float(at)))

    reader = threading.Thread(target=collect)
    reader.start()
    choices = Choices(
        "auto", None, chosen.graph, "auto", "live", "auto", "auto", (320, 240), 0, None, {}
    )
    show.run_show(
        Console(stderr=True), choices, ("demo",), False, (), True, None, None, None, False, {},
        surfaces=Surfaces(osc=("127.0.0.1", PORT)),
    )  # fmt: skip
    reader.join()
    made, before, held = np.array(times), 0.0, True
    for (name, begin), (_, end) in pairwise(phases):
        gaps = np.diff(made[(made >= begin) & (made < end)]) * 1000
        p50, p99 = np.percentile(gaps, (50, 99))
        mean = gaps.mean()
        beside = "" if name == "quiet" else f", {mean / before:.2f} of the part before"
        held &= name == "quiet" or mean <= FACTOR * before
        print(
            f"{name}: {end - begin:.1f} s, {len(gaps)} pictures, interval mean {mean:.1f}, "
            f"p50 {p50:.1f}, p99 {p99:.1f}, longest {gaps.max():.1f} ms{beside}"
        )
        before = mean
    came = {name: desks[0].base[name] for name in LAST}
    print(f"last values: {came}, sent {LAST}")
    print("held" if held and came == LAST else "NOT held")
    return 0 if held and came == LAST else 1


if __name__ == "__main__":
    sys.exit(main())

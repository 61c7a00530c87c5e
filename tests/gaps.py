"""How long a picture stands while layers are switched, and how long a layer takes to come.

    python -m tests.gaps --layers 20
    python -m tests.gaps --blame --size 320x240

Plays the demo as `livedream run` does, whose options it takes, without a window, and sets one layer
after the other over OSC. Layers that are not in the cache are exported while it plays: call it
twice to see it without that. Prints the usual gap between two pictures, the longest one, and the
seconds from a layer's wish to the first picture that was dreamt with it.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import traceback
from itertools import pairwise
from pathlib import Path
from statistics import median

from pythonosc.udp_client import SimpleUDPClient

from livedream.export import catalogue
from livedream.runtime.cli.main import perform
from livedream.runtime.live.presenter import Shown
from livedream.runtime.slot import Slot

PORT = 8653
REST = 3.0
"""Seconds before the first change, and between one layer's picture and the next wish."""
LONGEST = 90.0
"""Seconds that one layer may take."""


class Watched:
    """Hears of every picture that is shown."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.changed = threading.Condition()
        self.layers = ""
        self.over = False

    def seen(self, shown: Shown) -> None:
        with self.changed:
            self.times.append(time.monotonic())
            self.layers = str(shown.settings["layers"])
            self.changed.notify_all()

    def wait_for(self, layers: str, seconds: float) -> float | None:
        """The moment of the first picture with `layers`; None where it does not come."""
        with self.changed:
            there = self.changed.wait_for(lambda: self.layers == layers or self.over, seconds)
            return self.times[-1] if there and not self.over else None


class LockWatch(threading.Thread):
    """Notes when Python's lock is held for long, by time that this thread neither slept nor waited
    for a processor (Linux counts the latter), and where the other threads were then."""

    TICK, LONG = 0.002, 0.02

    def __init__(self) -> None:
        super().__init__(name="lock watch", daemon=True)
        self.seen: list[tuple[float, str]] = []

    def run(self) -> None:
        delays = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        while True:
            delayed, before = int(delays.read_text().split()[1]), time.monotonic()
            time.sleep(self.TICK)
            late = time.monotonic() - before - self.TICK
            if late > self.LONG:
                late -= (int(delays.read_text().split()[1]) - delayed) / 1e9
                if late > self.LONG:
                    self.seen.append((late, self.places()))

    def places(self) -> str:
        names = {each.ident: each.name for each in threading.enumerate()}
        lines = []
        for ident, frame in sys._current_frames().items():
            if ident != self.ident:
                stack = traceback.extract_stack(frame)[-3:]
                where = " < ".join(f"{Path(s.filename).name}:{s.lineno}" for s in reversed(stack))
                lines.append(f"      {names.get(ident, ident)}: {where}")
        return "\n".join(lines)


def switch(watched: Watched, model: str, wanted: int, rest: float, only: list[str]) -> None:
    """Set `wanted` layers, one after the other, and then end the show; prints what it saw."""
    desk = SimpleUDPClient("127.0.0.1", PORT)
    layers = only or list(catalogue.MODELS[model].layer_names)
    with watched.changed:
        watched.changed.wait_for(lambda: len(watched.times) > 1 or watched.over, LONGEST)
    if watched.over:
        return  # It did not begin; why it says itself.
    time.sleep(rest)
    begin, took = time.monotonic(), []
    start = layers.index(watched.layers) if watched.layers in layers else 0
    for number in range(wanted):
        layer = layers[(start + 1 + number) % len(layers)]
        asked = time.monotonic()
        desk.send_message("/livedream/layer", layer)
        came = watched.wait_for(layer, LONGEST)
        if watched.over:
            break
        took.append((came - asked if came else float("inf"), layer))
        print(f"  {layer:>8}: {took[-1][0]:.2f} s", flush=True)
        time.sleep(rest)
    end = time.monotonic()
    times = [moment for moment in watched.times if begin <= moment <= end]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    allowed = 2 * median(gaps) + 0.03
    seconds = sorted(seconds for seconds, _ in took)
    print(
        f"{len(took)} layers, usually {median(seconds):.2f} s each, at most {seconds[-1]:.2f} s; "
        f"gaps: usually {median(gaps) * 1000:.0f} ms, longest "
        f"{', '.join(f'{gap * 1000:.0f}' for gap in gaps[:-6:-1])} ms, "
        f"allowed {allowed * 1000:.0f} ms",
        flush=True,
    )
    desk.send_message("/livedream/quit", [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--rest", type=float, default=REST)
    parser.add_argument("--only", nargs="*", default=[], help="these layers, in place of all")
    parser.add_argument("--blame", action="store_true", help="say who held Python's lock")
    given, options = parser.parse_known_args()
    model = "efficientnet_lite0"
    if "--model" in options:
        model = options[options.index("--model") + 1]
    watched, watch = Watched(), LockWatch()
    if given.blame:
        watch.start()
    put = Slot.put

    def noted(slot: Slot, item: object) -> None:
        put(slot, item)
        if isinstance(item, Shown):
            watched.seen(item)

    Slot.put = noted
    arguments = watched, model, given.layers, given.rest, given.only
    threading.Thread(target=switch, args=arguments).start()
    command = ["run", "--source", "demo", "--headless", "--model", model]
    try:
        perform([*command, "--osc", f"127.0.0.1:{PORT}", *options])
    finally:
        watched.over = True
        with watched.changed:
            watched.changed.notify_all()
        for late, places in sorted(watch.seen, reverse=True)[:10]:
            print(f"  Python's lock was held for {late * 1000:.0f} ms\n{places}", flush=True)


if __name__ == "__main__":
    main()

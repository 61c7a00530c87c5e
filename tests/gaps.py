"""How long a picture stands while layers are switched, and how long a layer takes to come.

    python -m tests.gaps --layers 20

Plays the demo as `livedream run` does, with fluid motion and without a window, and sets one layer
after the other over OSC. Layers that are not in the cache are exported while it plays: call it
twice to see it without that. Prints the usual gap between two pictures, the longest one, and the
seconds from a layer's wish to the first picture that was dreamt with it.
"""

from __future__ import annotations

import argparse
import threading
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from pythonosc.udp_client import SimpleUDPClient
from rich.console import Console

from livedream.export import catalogue
from livedream.runtime.choices import Choices
from livedream.runtime.live import show

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

    def seen(self, shown: show.Shown, stats: object) -> None:
        with self.changed:
            self.times.append(time.monotonic())
            self.layers = str(shown.settings["layers"])
            self.changed.notify_all()

    def wait_for(self, layers: str, seconds: float) -> float | None:
        """The moment of the first picture with `layers`; None where it does not come."""
        with self.changed:
            there = self.changed.wait_for(lambda: self.layers == layers or self.over, seconds)
            return self.times[-1] if there and not self.over else None


def switch(watched: Watched, model: str, wanted: int, rest: float, only: list[str]) -> None:
    """Set `wanted` layers, one after the other, and then end the show; prints what it saw."""
    desk = SimpleUDPClient("127.0.0.1", PORT)
    layers = only or list(catalogue.MODELS[model].layer_names)
    with watched.changed:
        watched.changed.wait_for(lambda: len(watched.times) > 1, LONGEST)
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
        time.sleep(rest)
    end = time.monotonic()
    times = [moment for moment in watched.times if begin <= moment <= end]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    allowed = 2 * median(gaps) + 0.03
    for seconds, layer in took:
        print(f"  {layer:>8}: {seconds:.2f} s")
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
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--provider", default="auto")
    parser.add_argument("--graph", type=Path)
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))))
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    watched = Watched()
    seen = show._seen
    show._seen = lambda shown, stats: (seen(shown, stats), watched.seen(shown, stats))[0]
    arguments = watched, given.model, given.layers, given.rest, given.only
    hand = threading.Thread(target=switch, args=arguments)
    hand.start()
    choices = Choices(
        given.model, None, given.graph, "auto", "live", given.provider, "auto", given.size, 0,
        None, {},
    )  # fmt: skip
    try:
        show.run_show(
            Console(), choices, "demo", False, True, None, None, None, False, {},
            ("127.0.0.1", PORT),
        )  # fmt: skip
    finally:
        watched.over = True
        with watched.changed:
            watched.changed.notify_all()


if __name__ == "__main__":
    main()

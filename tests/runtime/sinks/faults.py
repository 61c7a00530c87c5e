"""Eight sinks at once, half of them at fault, and what that costs the window.

`python -m tests.runtime.sinks.faults FRAMES` runs longer than the suite does.
"""

from __future__ import annotations

import gc
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from livedream.runtime.pauses import Pauses
from livedream.runtime.sinks.mjpeg import Mjpeg
from livedream.runtime.sinks.outlet import Outlet
from livedream.runtime.sinks.sink import Sink
from livedream.runtime.slot import Slot

from ...patience import PATIENCE, until
from .sinks import Noted

INTERVAL = 1 / 120
OUTAGE = 10.0
"""Seconds that the network is away, in a run that lasts long enough."""

MOST = 1.2
"""How many times as long as without sinks the window's interval may be."""


class Counting(Noted):
    """Keeps only the newest picture, whatever comes."""

    def send(self, image: np.ndarray, time: float) -> None:
        self.deed(image)
        self.got[:] = [(image, time)]


class Network(Sink):
    """Sends over a real connection that is cut while `away`."""

    name = "network"

    def __init__(self) -> None:
        self.away = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._socket: socket.socket | None = None
        self.newest = -1
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with client:
                client.settimeout(0.05)
                while not self.away.is_set():
                    try:
                        data = client.recv(4)
                    except TimeoutError:
                        continue
                    if not data:
                        break
                    self.newest = int.from_bytes(data, "little")

    def open(self, size: tuple[int, int], rate: float) -> str:
        if self.away.is_set():
            raise ConnectionRefusedError(111, "Connection refused")
        self._socket = socket.create_connection(self._listening.getsockname(), 1)
        return "a server"

    def send(self, image: np.ndarray, time: float) -> None:
        assert self._socket
        self._socket.sendall(number_of(image).to_bytes(4, "little"))

    def close(self) -> None:
        if self._socket:
            self._socket.close()

    def end(self) -> None:
        self._listening.close()


def numbered(template: np.ndarray, number: int) -> np.ndarray:
    """A fresh picture that carries its number."""
    image = template.copy()
    image[0, 0] = number & 255, number >> 8 & 255, number >> 16
    return image


def number_of(image: np.ndarray) -> int:
    blue, green, red = (int(each) for each in image[0, 0])
    return blue | green << 8 | red << 16


@dataclass
class Found:
    """alone, beside: seconds between two pictures in the window, p50 and p95, without sinks and
    with them. newest: the last number that each healthy or slow sink saw. lost: sentences told.
    threads, descriptors, bytes: what was left behind."""

    alone: tuple[float, float]
    beside: tuple[float, float]
    newest: dict[str, int]
    told: list[str]
    blocked: str
    threads: int
    descriptors: int
    bytes: int


def window(frames: int, outlets: list[Outlet], events: dict[int, threading.Event]) -> np.ndarray:
    """Plays `frames` pictures through a newest-frame slot to a window's thread, as the presenter
    does, and returns the seconds between two of them there. events: set or cleared at a picture."""
    slot: Slot[np.ndarray] = Slot()
    template = np.zeros((180, 320, 3), np.uint8)
    seen: list[float] = []
    done = threading.Event()

    def show() -> None:
        while not done.is_set():
            if slot.take(0.1) is not None:
                seen.append(time.perf_counter())

    shower = threading.Thread(target=show)
    shower.start()
    due = time.perf_counter()
    for number in range(frames):
        if number in events:
            event = events[number]
            event.clear() if event.is_set() else event.set()
        image = numbered(template, number)
        for outlet in outlets:
            outlet.put(image, time.monotonic())
        slot.put(image)
        due += INTERVAL
        time.sleep(max(0.0, due - time.perf_counter()))
    done.set()
    shower.join()
    return np.diff(seen)


def run(frames: int) -> Found:
    """The fault test over `frames` pictures. A third in, the network goes, for OUTAGE or another
    third."""
    forever = threading.Event()

    def fail(image: np.ndarray) -> None:
        raise RuntimeError("at every picture")

    process = psutil.Process()
    fewer = max(120, frames // 20)
    alone = window(fewer, [], {})
    told: list[str] = []
    network = Network()
    sinks: dict[str, Sink] = {
        "blocked": Counting(lambda image: forever.wait() and None),
        "raising": Counting(fail),
        "slow": Counting(lambda image: time.sleep(0.2)),
        "network": network,
        "mjpeg": Mjpeg(port=0),
        "one": Counting(), "two": Counting(), "three": Counting(),
    }  # fmt: skip
    for name, sink in sinks.items():
        sink.name = name

    def left() -> tuple[int, int, int]:
        gc.collect()
        return threading.active_count(), process.num_fds(), process.memory_info().rss

    before = left()
    outlets = {
        name: Outlet(sink, told.append, pauses=Pauses(0.01, 0.05)) for name, sink in sinks.items()
    }
    third = frames // 3
    away = {third: network.away, third + min(third, round(OUTAGE / INTERVAL)): network.away}
    beside = window(frames, list(outlets.values()), away)
    wanted = {"slow", "one", "two", "three", "network"}

    def newest() -> dict[str, int]:
        return {
            name: network.newest if name == "network" else number_of(sinks[name].got[0][0])  # pyright: ignore
            for name in wanted
        }

    until(lambda: set(newest().values()) == {frames - 1}, "the newest picture came everywhere")
    found = newest()
    outlets["blocked"].look()
    blocked = outlets["blocked"].state
    for outlet in outlets.values():
        outlet.close(0 if outlet is outlets["blocked"] else PATIENCE)
    forever.set()
    assert outlets["blocked"].close(PATIENCE)
    network.end()
    sinks.clear()
    outlets.clear()
    until(lambda: threading.active_count() <= before[0] + 1, "its threads end")
    time.sleep(0.3)
    after = left()
    alone = np.concatenate((alone, window(fewer, [], {})))  # The machine may have changed.
    difference = [later - earlier for earlier, later in zip(before, after, strict=True)]

    def percentiles(values: np.ndarray) -> tuple[float, float]:
        p50, p95 = np.percentile(values, [50, 95])
        return float(p50), float(p95)

    return Found(percentiles(alone), percentiles(beside), found, told, blocked, *difference)


if __name__ == "__main__":
    found = run(int(sys.argv[1]))
    print(Path(__file__).name, found)
    ratios = [b / a for a, b in zip(found.alone, found.beside, strict=True)]
    print(f"the window's interval, beside / alone: p50 {ratios[0]:.3f}, p95 {ratios[1]:.3f}")
    sys.exit(max(ratios) > MOST)

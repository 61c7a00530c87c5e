"""What each way out costs: `python -m tests.runtime.sinks.cost [PICTURES]`.

Processor time, of this process and of those it starts, for a picture of 1280x720 that moves, given
in turns to each sink 30 times a second. Time by the clock would be that of whoever else works on
the machine. Who looks on is another process and does not count.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil

from livedream.runtime.sinks.named import sink_named
from livedream.runtime.sinks.outlet import Outlet
from livedream.runtime.sinks.recording import Recorder

from .test_stream import free_port

READ = """
import sys, time, urllib.request, av
address = sys.argv[1]
while True:
    try:
        if address.startswith("http"):
            with urllib.request.urlopen(address) as answer:
                while answer.read(1 << 16):
                    pass
        else:
            with av.open(address, options={"listen": "1"}) as container:
                for packet in container.demux(video=0):
                    pass
    except OSError:
        time.sleep(0.1)
"""


def pictures() -> list[np.ndarray]:
    """A few that move, with the grain of a camera."""
    rng = np.random.default_rng(0)
    field = cv2.GaussianBlur(rng.integers(0, 256, (720, 1400, 3), np.uint8), (0, 0), 9)
    field = cv2.normalize(field, None, 0, 240, cv2.NORM_MINMAX)  # pyright: ignore
    grain = rng.integers(0, 6, (720, 1280, 3), np.uint8)
    return [cv2.add(field[:, shift : shift + 1280], grain) for shift in range(0, 120, 4)]


def used(reader: int | None = None) -> float:
    """Seconds of processor time so far, of this process and its children but `reader`."""
    own = psutil.Process()
    times = own.cpu_times()
    total = times.user + times.system
    for child in own.children():
        if child.pid != reader:
            spent = child.cpu_times()
            total += spent.user + spent.system
    return total


def played(put: Callable[[np.ndarray, float], None], count: int, reader: int | None) -> float:
    """Processor time for each of `count` pictures."""
    shown = pictures()
    for image in shown[:5]:
        put(image, time.monotonic())
        time.sleep(0.3)
    before = used(reader)
    for number in range(count):
        put(shown[number % len(shown)], time.monotonic())
        time.sleep(1 / 30)
    return (used(reader) - before) / count


def a_sink(spec: str, count: int, address: str = "") -> float:
    reader = subprocess.Popen([sys.executable, "-c", READ, address]) if address else None
    time.sleep(1.5 if reader else 0)
    outlet = Outlet(sink_named(spec), lambda text: None)
    try:
        cost = played(outlet.put, count, reader.pid if reader else None)
        print(f"  {spec}: {outlet.sent} of {count} sent", file=sys.stderr)
        return cost * count / max(1, outlet.sent)
    finally:
        outlet.close()
        if reader:
            reader.kill()
            reader.wait()


def a_file(suffix: str, quality: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(Path(folder) / f"a{suffix}", quality=quality) as recorder:
            cost = played(recorder.write, count, None)
        print(f"  {suffix} {quality}: {recorder.written} of {count}", file=sys.stderr)
        return cost * count / max(1, recorder.written)


def main(count: int) -> None:
    web, server = free_port(), free_port()
    stream = f"rtmp://127.0.0.1:{server}/live/x"
    turns: dict[str, Callable[[], float]] = {
        "nothing": lambda: played(lambda image, time: None, count, None),
        "mjpeg, nobody looks": lambda: a_sink(f"mjpeg:{web}", count),
        "mjpeg, one looks": lambda: a_sink(
            f"mjpeg:{web}", count, f"http://127.0.0.1:{web}/stream.mjpg"
        ),
        "rtmp": lambda: a_sink(stream, count, stream),
        "ndi, nobody looks": lambda: a_sink("ndi:cost", count),
        "file .mp4": lambda: a_file(".mp4", "good", count),
        "file .mkv, edit": lambda: a_file(".mkv", "edit", count),
        "file .mov, edit": lambda: a_file(".mov", "edit", count),
    }
    found: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(3):
        for name, turn in turns.items():
            found[name].append(turn())
    nothing = statistics.median(found.pop("nothing"))
    for name, costs in found.items():
        print(f"{name}: {1000 * (statistics.median(costs) - nothing):.1f} ms a picture")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 90)

"""What each way out costs beside the dream: `python -m tests.runtime.sinks.cost [ROUNDS]`.

One show plays a clip of 1280x720 and dreams it at 320x180. Each place in turn gets the picture for
a few seconds and then does not, so that what else the machine does falls on both alike; printed are
the medians of these pairs, as Markdown. Who looks on is another process and does not count. Three
rounds take under four minutes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2  # Before PyAV.

# isort: split
import av
import numpy as np
import psutil

from livedream.runtime.cli.main import perform
from livedream.runtime.live import show
from livedream.runtime.live.controls import Controls
from livedream.runtime.live.presenter import Shown
from livedream.runtime.sinks.recording import Recorder

from .test_stream import free_port

SETTLING, TURN = 1.0, 3.0
"""Seconds after a change, and those that are measured then."""

READ = """
import sys, time, urllib.request, cv2, av
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


def write_clip(path: Path) -> None:
    """Two seconds that move, with the grain of a camera."""
    rng = np.random.default_rng(0)
    field = cv2.GaussianBlur(rng.integers(0, 256, (720, 1400, 3), np.uint8), (0, 0), 9)
    field = cv2.normalize(field, None, 0, 240, cv2.NORM_MINMAX)  # pyright: ignore
    grain = rng.integers(0, 6, (720, 1280, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = (
            1280,
            720,
            "yuv420p",
            8_000_000,
        )
        for number in range(60):
            shift = 2 * min(number, 60 - number)
            image = cv2.add(field[:, shift : shift + 1280], grain)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class Watched(Controls):
    """Counts what leaves the presenter. newest: the one show's."""

    newest_controls: Watched | None = None

    def __init__(self, *arguments: object) -> None:
        self.pictures = self.dreams = 0
        self._dream = 0.0
        super().__init__(*arguments)  # pyright: ignore[reportArgumentType]
        Watched.newest_controls = self

    def _hear(self, shown: Shown) -> None:
        super()._hear(shown)
        self.pictures += 1
        self.dreams += shown.dreamt != self._dream
        self._dream = shown.dreamt

    def say(self, name: str, value: bool) -> None:
        self._desk.set(name, value, "cost")


@dataclass(frozen=True)
class Turn:
    """pictures, dreams: a second. processor: seconds for a picture."""

    pictures: float
    dreams: float
    processor: float


def processor(readers: set[int]) -> dict[int, float]:
    """Seconds so far by process: of this one and its children but `readers`."""
    own = psutil.Process()
    used = {}
    for process in (own, *own.children(recursive=True)):
        if process.pid not in readers:
            times = process.cpu_times()
            used[process.pid] = times.user + times.system
    return used


def measured(controls: Watched, readers: set[int]) -> Turn:
    time.sleep(SETTLING)
    before, began = processor(readers), time.monotonic()
    pictures, dreams = controls.pictures, controls.dreams
    time.sleep(TURN)
    seconds, count = time.monotonic() - began, controls.pictures - pictures
    used = sum(now - before.get(pid, 0.0) for pid, now in processor(readers).items())
    return Turn(count / seconds, (controls.dreams - dreams) / seconds, used / max(1, count))


def watch(
    rounds: int, outs: dict[str, str], files: dict[str, tuple[str, str]], folder: Path,
    readers: set[int], done: Callable[[dict[str, list[tuple[Turn, Turn]]]], None],
) -> None:  # fmt: skip
    """In a thread of its own: plays with the desk until every place had its turns."""
    while (controls := Watched.newest_controls) is None or controls.pictures < 30:
        time.sleep(0.1)
    names = [f"out{number}" for number in range(1, len(outs) + 1)]
    switches = dict(zip(outs, names, strict=True)) | dict.fromkeys(files, "record")
    for name in names:
        controls.say(name, False)
    found: dict[str, list[tuple[Turn, Turn]]] = {name: [] for name in switches}
    for number in range(rounds):
        for name, switch in switches.items():
            if name in files:
                suffix, quality = files[name]
                path = folder / f"{number}{quality}{suffix}"
                controls.takes.begin = lambda path=path, quality=quality: Recorder(
                    path, quality=quality
                )
            controls.say(switch, True)
            beside = measured(controls, readers)
            controls.say(switch, False)
            found[name].append((beside, measured(controls, readers)))
            for left in folder.glob("[0-9]*"):
                left.unlink()
    controls.say("quit", True)
    done(found)


def as_markdown(found: dict[str, list[tuple[Turn, Turn]]]) -> str:
    """A row a place: with it / without it."""
    lines = [
        "| | pictures a second | dreams a second | processor time a picture |",
        "|---|---|---|---|",
    ]
    for name, pairs in found.items():
        ratios = [
            statistics.median(
                getattr(beside, of) / max(1e-9, getattr(alone, of)) for beside, alone in pairs
            )
            for of in ("pictures", "dreams", "processor")
        ]
        more = statistics.median(beside.processor - alone.processor for beside, alone in pairs)
        cells = " | ".join(f"{ratio:.2f}x" for ratio in ratios)
        lines.append(f"| {name} | {cells}, {1000 * more:+.0f} ms |")
    alone = [alone for pairs in found.values() for _, alone in pairs]
    rate, dreams = (
        statistics.median(getattr(each, of) for each in alone) for of in ("pictures", "dreams")
    )
    return "\n".join(
        [*lines, "", f"Without any: {rate:.1f} pictures and {dreams:.1f} dreams a second."]
    )


def main(rounds: int) -> None:
    web, seen, server = free_port(), free_port(), free_port()
    outs = {
        "mjpeg, nobody looks": f"mjpeg:{web}",
        "mjpeg, one looks": f"mjpeg:{seen}",
        "ndi, nobody looks": "ndi:cost",
        "rtmp, its process included": f"rtmp://127.0.0.1:{server}/live/x",
    }
    files = {
        "file .mp4": (".mp4", "good"),
        "file .mkv, edit (FFV1)": (".mkv", "edit"),
        "file .mov, edit (ProRes)": (".mov", "edit"),
    }
    looked = [f"http://127.0.0.1:{seen}/stream.mjpg", f"rtmp://127.0.0.1:{server}/live/x"]
    readers = [subprocess.Popen([sys.executable, "-c", READ, address]) for address in looked]
    found: list[dict[str, list[tuple[Turn, Turn]]]] = []
    show.Controls = Watched
    try:
        with tempfile.TemporaryDirectory() as name:
            clip, folder = Path(name) / "clip.mp4", Path(name)
            write_clip(clip)
            arguments = ["run", "--source", str(clip), "--loop", "--headless", "--size", "320x180"]
            for spec in outs.values():
                arguments += ["--out", spec]
            pids = {each.pid for each in readers}
            thread = threading.Thread(
                target=watch, args=(rounds, outs, files, folder, pids, found.append), daemon=True
            )
            thread.start()
            perform(arguments)
            thread.join(5)
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    for table in found:
        print(as_markdown(table))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

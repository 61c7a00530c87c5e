"""Both rates and both ages of the picture, at the sizes that are promised, in the running program.

    python -m tests.rates --clip bigbuckbunny.mp4            # about two minutes
    python -m tests.rates --load --seconds 30                # with half the machine taken away

Plays a Motion JPEG file as a camera would give it, in a window with its numbers on an X server of
its own (Xvfb), and reads from outside when each picture was on it. Without a clip the file shows
the demo scene in motion. With `--load` as many busy processes as half the processors run for ten
seconds in the middle, and the rates before, under and after them are told.

Figures are worth something where nothing else runs; how much did is told last.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from livedream.runtime.bench.computer import Others, cpu_name
from livedream.runtime.bench.floor import usable_cores
from livedream.runtime.cli.main import main as livedream
from livedream.runtime.control.desk import Desk
from livedream.runtime.frame import Frame
from livedream.runtime.live import showing
from livedream.runtime.live.loop import Dreamt
from livedream.runtime.live.presenter import Presenter
from livedream.runtime.scaling import parse_size, resized
from livedream.runtime.slot import Slot
from livedream.runtime.stats import Stats

from .look.pictures import clip, pan
from .xserver import xserver

TOLD = "LIVEDREAM_TOLD"
"""Names the file that the program under watch tells of pictures in."""

AIMS = ("1280x720@30", "1920x1080@30", "1280x720@60", "1920x1080@60")
"""Pictures and rates."""

FRAMES = 60
"""Of the file, played forth and back: no cut, and no more than the memory that is at hand."""

WARM_UP = 3.0
"""Seconds after the first picture that do not count."""

START = 60.0
"""Seconds until the first picture, at most."""

LOAD = 10.0
"""Seconds for which half the machine is taken."""


class Told(NamedTuple):
    """One picture: when it was shown, and when its frame and that of its dream were taken."""

    shown: np.ndarray
    frame: np.ndarray
    dreamt: np.ndarray

    def between(self, start: float, end: float) -> Told:
        chosen = (self.shown >= start) & (self.shown < end)
        return Told(*(each[chosen] for each in self))

    @property
    def seconds(self) -> float:
        return float(self.shown[-1] - self.shown[0])

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return (len(self.shown) - 1) / self.seconds

    @property
    def dreams(self) -> float:
        """New dreams a second among them."""
        return (len(np.unique(self.dreamt)) - 1) / self.seconds

    @property
    def gap(self) -> float:
        """Longest time that one picture stood, seconds."""
        return float(np.diff(self.shown).max())

    @property
    def age(self) -> np.ndarray:
        return self.shown - self.frame

    @property
    def dream_age(self) -> np.ndarray:
        return self.shown - self.dreamt


def watched() -> None:
    """`livedream`, which tells of every picture that was shown."""
    seen = showing.Signs.seen
    with Path(os.environ[TOLD]).open("w", buffering=1) as file:

        def tell(self: showing.Signs, shown: Any) -> None:
            seen(self, shown)
            if shown:
                print(time.monotonic(), shown.time, shown.dreamt, file=file)

        showing.Signs.seen = tell
        livedream()


def footage(given: Path | None, size: tuple[int, int]) -> list[np.ndarray]:
    """What the camera sees, forth and back."""
    frames = clip(given, size, FRAMES) if given else pan(size, FRAMES)
    frames = [resized(frame, *size) for frame in frames]
    return [*frames, *frames[-2:0:-1]]


def write(path: Path, frames: Sequence[np.ndarray], rate: float) -> None:
    """A Motion JPEG file, as cameras send it."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()


@contextmanager
def playing(source: Path, size: str, display: str, options: Sequence[str]) -> Iterator[Path]:
    """While the block runs the file is played; it gets the file that tells of pictures."""
    told = source.with_suffix(".told")
    told.unlink(missing_ok=True)
    command = [
        sys.executable, "-c", "from tests.rates import watched; watched()",
        "run", "--source", str(source), "--loop", "--size", size,
        "--stats", str(source.with_suffix(".json")), "--overwrite", *options,
    ]  # fmt: skip
    window = {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", TOLD: str(told)}
    with source.with_suffix(".said").open("w") as said:
        child = subprocess.Popen(command, env={**os.environ, **window}, stderr=said)
        try:
            yield told
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


def read(told: Path) -> Told:
    lines = told.read_text().splitlines() if told.exists() else []
    # The last line may be in the making.
    rows = [tuple(map(float, line.split())) for line in lines[:-1]]
    return Told(*np.array(rows).reshape(-1, 3).T)


def begun(told: Path) -> float:
    """The moment of the first picture. Raises SystemExit where none comes."""
    for _ in range(round(START / 0.1)):
        shown = read(told).shown
        if len(shown):
            return float(shown[0])
        time.sleep(0.1)
    raise SystemExit(told.with_suffix(".said").read_text() or "no picture came")


@contextmanager
def half_of_the_machine() -> Iterator[int]:
    """Busy processes, and how many."""
    count = max(1, usable_cores() // 2)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield count
    finally:
        for each in busy:
            each.kill()
            each.wait()


def composing(frames: Sequence[np.ndarray], size: str, every: int) -> float:
    """Seconds of processor time that one shown picture takes to be made from its frame and the
    newest dream, with one dream for `every` pictures, without the flash limiter; all threads
    together."""
    box = parse_size(size)
    begin = {"recipe": "live", "layers": "block11"}
    desk = Desk({"block11": 1}, {**begin, "flash_limit": "off"})
    presenter = Presenter(Slot(), Slot(), desk, Stats())
    random = np.random.default_rng(0)
    spent = 0.0
    for number in range(10 + 60):
        image = frames[number % len(frames)]
        frame = Frame(image, number, number / 30)
        fresh = None
        if number % every == 0:
            small = resized(image, box[0], round(image.shape[0] * box[0] / image.shape[1]))
            change = random.normal(0, 24, small.shape)
            dream = np.clip(small + change, 0, 255).astype(np.uint8)
            fresh = Dreamt(small, dream, frame.time, {"camera": 1.0}, frame)
        if number == 10:
            spent = 0.0
        began = time.process_time()
        presenter._made(fresh, frame)
        spent += time.process_time() - began
    return spent / 60


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--seconds", type=float, default=20, help="of each row")
    parser.add_argument("--size", default="320x180", help="that is dreamt")
    parser.add_argument("--rows", nargs="*", default=list(AIMS), metavar="WxH@RATE")
    parser.add_argument("--load", action="store_true", help="take half the machine meanwhile")
    parser.add_argument("--headless", action="store_true", help="without a window")
    given, options = parser.parse_known_args()
    others = Others()
    console = Console(width=132)
    if given.load:
        given.seconds = max(given.seconds, 3 * LOAD)
    if given.headless:
        options.append("--headless")
    table = Table(
        "picture", "", "shown a second", "longest gap", "dreams a second", "age of picture, p99",
        "age of dream", "composing, share of processors",
        title=f"the dream at {given.size}",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, xserver(1920, 1080) as display:
        for row in given.rows:
            text, _, rate = row.partition("@")
            frames = footage(given.clip, parse_size(text))
            source = Path(folder) / f"{row}.avi"
            write(source, frames, float(rate))
            with playing(source, given.size, display, options) as told:
                start = begun(told) + WARM_UP
                parts = waited(told, start, given.seconds, given.load)
            dreams = parts[0][1].dreams
            every = max(1, round(float(rate) / max(dreams, 1)))
            cost = composing(frames, given.size, every) * float(rate) / usable_cores()
            for name, part in parts:
                ages = np.percentile(part.age * 1000, (50, 99))
                table.add_row(
                    row, name, f"{part.rate:.1f}", f"{part.gap * 1000:.0f} ms",
                    f"{part.dreams:.1f}", f"{ages[0]:.0f}, {ages[1]:.0f} ms",
                    f"{np.median(part.dream_age) * 1000:.0f} ms", f"{cost:.0%}",
                )  # fmt: skip
            for note in json.loads(source.with_suffix(".json").read_text()).get("notes", ()):
                console.print(f"{row}: after {note['at']:.1f} s {note['what']}")
    console.print(table)
    console.print(
        f"{usable_cores()} cores of {cpu_name()}; what else ran took {others.cores()} of them."
    )


def waited(told: Path, start: float, seconds: float, load: bool) -> list[tuple[str, Told]]:
    """What was shown, in the parts that are told apart, once `seconds` after `start` are over."""

    def until(moment: float) -> float:
        time.sleep(max(0.0, moment - time.monotonic()))
        return moment

    end = start + seconds
    if not load:
        until(end)
        return [("", read(told).between(start, end))]
    begin = until(start + (seconds - LOAD) / 2)
    with half_of_the_machine() as count:
        over = until(begin + LOAD)
    until(end)
    everything = read(told)
    return [
        ("before", everything.between(start, begin)),
        (f"{count} busy", everything.between(begin, over)),
        ("after", everything.between(over, end)),
    ]


if __name__ == "__main__":
    main()

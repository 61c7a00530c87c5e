"""Play the real show for a while, do things to it, and watch from outside what it takes.

    python -m tests.soak --minutes 10 --seed 3 --report docs/reliability/slices.jsonl

The toy network, a camera inside the process, no window; OSC, page and a sink are open, flashes are
limited strictly, and an oracle of its own counts them on every picture that is shown. Every few
hundred pictures comes a fault of tests/soak/faults.py by a seeded script. After each a picture has
to come within RECOVERY seconds, the network has to compute again, and what happened has to be said.
At the end: the slope of memory (Theil-Sen with an interval from drawn blocks, after WARM_UP
pictures) and what is open, each as of the end of the warm-up. Exit code 1 where something failed;
--report adds the slice to a file, and `--sum FILE` tells what all slices of it come to.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from .faults import FAULTS
from .show_process import ROOT, ShowProcess
from .slopes import interval, theil_sen
from .switches import Switch

RECOVERY = 10.0
EVERY = (200, 2000)
"""Pictures between two faults."""

FLASHING = 0.2
"""Of the stretches between two faults: the scene flashes 10 times a second."""

WARM_UP = 20_000
"""Pictures: until then the windows of `Stats` fill up, which looks like a leak."""

FEWEST = 60
"""Samples that a slope is told of."""

SLOPE = 20.0
"""kB per 1,000 pictures."""

MORE = 2
"""Descriptors, threads and children that may be open at the moment of a sample."""

KEPT = "what was recorded until then is kept"

OPEN = ("descriptors", "threads", "children", "shared")


class Soak:
    """One slice. failures: a sentence for each thing that was not as it has to be."""

    def __init__(self, show: ShowProcess, seed: int) -> None:
        self.show, self.chance = show, random.Random(seed)
        self.faults: Counter[str] = Counter()
        self.failures: list[str] = []
        self.longest = 0.0
        self.samples: list[dict[str, int]] = []
        self._ended = threading.Event()

    def play(self, seconds: float) -> None:
        sampling = threading.Thread(target=self._sample, daemon=True)
        sampling.start()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end and self._pass(self.chance.randint(*EVERY), end):
                self._fault(self.chance.choice(list(FAULTS)))
        finally:
            self._ended.set()
            sampling.join()

    def _pass(self, pictures: int, end: float) -> bool:
        """Waits for so many; False at the end, or where they stop."""
        watch = self.show.watch
        wanted = watch.pictures + pictures
        while watch.pictures < wanted:
            if time.monotonic() - watch.newest > RECOVERY:
                self._failed("no picture outside of faults")
                return False
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def _fault(self, name: str) -> None:
        show, watch = self.show, self.show.watch
        show.held[Switch.FLASHING] = self.chance.random() < FLASHING
        show.forget()
        wanted = FAULTS[name](show, self.chance)
        over, gradients = time.monotonic(), show.gradients
        self.faults[name] += 1
        took = watch.after(over, RECOVERY)
        if took is None:
            self._failed(f"no picture within {RECOVERY:.0f} s after {name}")
            return
        self.longest = max(self.longest, took)
        while show.gradients <= gradients:
            if time.monotonic() - over > RECOVERY:
                self._failed(f"no gradient within {RECOVERY:.0f} s after {name}")
                return
            time.sleep(0.01)
        if not show.until_said(wanted, RECOVERY):
            self._failed(f"{name} was not told")
        for path in Path(f"/proc/{show.process.pid}/cwd").resolve().glob("livedream-*"):
            path.unlink(missing_ok=True)  # A recording that ends takes its last name.

    def _sample(self) -> None:
        while not self._ended.wait(1):
            try:
                taken = self.show.takes()
            except (OSError, ValueError, psutil.NoSuchProcess):
                return
            self.samples.append({"pictures": self.show.watch.pictures, **taken})

    def _failed(self, text: str) -> None:
        self.failures.append(f"{text}; it said: {self.show.said[-400:]}")
        print(self.failures[-1], flush=True)


def growth(samples: list[dict[str, int]]) -> dict[str, Any]:
    """Of the samples after the warm-up: the slope of memory and its interval, kB per 1,000
    pictures, and how much more was open at the end than at first."""
    warm = [each for each in samples if each["pictures"] >= WARM_UP]
    facts: dict[str, Any] = {}
    if len(warm) >= FEWEST:
        x = np.array([each["pictures"] for each in warm]) / 1000
        y = np.array([each["kB"] for each in warm], float)
        facts = {"slope": round(theil_sen(x, y), 2), "kB": [int(y[0]), int(y[-1])]}
        facts["interval"] = [round(value, 2) for value in interval(x, y)]
    settled = warm if len(warm) >= FEWEST else samples[len(samples) // 4 :]
    third = max(1, len(settled) // 3)
    for name in OPEN:
        # The least of a third: a fault just then opens some.
        ends = [min(each[name] for each in part) for part in (settled[:third], settled[-third:])]
        facts[name] = ends
    return facts


def run(minutes: float, seed: int, port: int) -> dict[str, Any]:
    """One slice; what came of it."""
    with tempfile.TemporaryDirectory() as name:
        show = ShowProcess(Path(name), port)
        soak = Soak(show, seed)
        began = time.monotonic()
        try:
            soak.play(minutes * 60)
        except BaseException:
            show.end()
            raise
        passed = time.monotonic() - began
        code = show.end()
        show.watch.join(10)
    grown = growth(soak.samples)
    flashes = show.watch.flashes
    failures = list(soak.failures)
    # A show whose recording broke off says so at its end.
    if code and not (code == 1 and soak.faults["disk_full"] and KEPT in show.said):
        failures.append(f"exit code {code}: {show.said[-600:]}")
    if show.watch.flashed:
        failures.append(f"{show.watch.flashed} pictures with {flashes.most} transitions")
    if grown.get("interval", [0])[0] > SLOPE:
        failures.append(f"memory grows by {grown['slope']} kB per 1,000 pictures")
    for each in OPEN:
        if grown[each][1] - grown[each][0] > MORE:
            failures.append(f"{each}: {grown[each]}")
    return {
        "seed": seed, "commit": commit(), "minutes": round(passed / 60, 2),
        "pictures": show.watch.pictures, "gradients": show.gradients,
        "faults": dict(sorted(soak.faults.items())), "recovery": round(soak.longest, 2),
        "transitions": flashes.most, "counted_exactly": flashes.exact, **grown,
        "failures": failures, "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }  # fmt: skip


def commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return os.environ.get("SOAK_COMMIT") or done.stdout.strip() or "unknown"


def summed(slices: list[dict[str, Any]]) -> str:
    """A table of all slices, and what they come to, as Markdown."""
    faults: Counter[str] = Counter()
    for each in slices:
        faults.update(each["faults"])
    lines = [
        "| seed | commit | pictures | gradients | faults | longest recovery | most transitions in "
        "any second | kB per 1,000 pictures (90 %) | descriptors | threads | children | failures |",
        "|---" * 12 + "|",
    ]
    for each in slices:
        slope = "too short"
        if "slope" in each:
            slope = "{} ({} to {})".format(each["slope"], *each["interval"])
        counts = " | ".join("{} to {}".format(*each[name]) for name in OPEN[:3])
        lines.append(
            f"| {each['seed']} | {each['commit']} | {each['pictures']:,} | {each['gradients']:,} | "
            f"{sum(each['faults'].values())} | {each['recovery']} s | {each['transitions']} | "
            f"{slope} | {counts} | {len(each['failures'])} |"
        )
    lines.append(
        f"\n{sum(each['pictures'] for each in slices):,} pictures in {len(slices)} slices and "
        f"{sum(each['minutes'] for each in slices) / 60:.1f} hours, "
        f"{sum(each['gradients'] for each in slices):,} gradients, {sum(faults.values())} faults: "
        + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(faults.items()))
        + "."
    )
    failed = [f"- seed {each['seed']}: {text}" for each in slices for text in each["failures"]]
    return "\n".join([*lines, *(["", "What failed:", *failed] if failed else [])])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=18640, help="the first of three")
    parser.add_argument("--report", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--sum", type=Path, metavar="FILE.jsonl")
    options = parser.parse_args()
    if options.sum:
        print(summed([json.loads(line) for line in options.sum.read_text().splitlines()]))
        return 0
    found = run(options.minutes, options.seed, options.port)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        with options.report.open("a") as file:
            file.write(json.dumps(found) + "\n")
    print(json.dumps(found, indent=1))
    return int(bool(found["failures"]))


if __name__ == "__main__":
    sys.exit(main())

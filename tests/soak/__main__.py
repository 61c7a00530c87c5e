"""Play the real show for a while, do things to it, and watch from outside what it takes.

    python -m tests.soak --minutes 10 --seed 3 --report docs/reliability/slices.jsonl

The toy network, a camera inside the process, no window; OSC, page and a sink are open, flashes are
limited strictly, and an oracle of its own counts them on every picture that is shown. At picture
numbers that the seed says comes a fault of tests/soak/faults.py: at first each kind ROUNDS times,
soon after one another, then any, every few hundred pictures. After each a picture has to come
within RECOVERY seconds, the network has to compute again, and what happened has to be said. Nothing
is paced but the network: the camera gives a frame for every picture shown.
At the end: the slope of memory (Theil-Sen with an interval from drawn blocks, after WARM_UP
pictures and those first faults) and what is open, each as of the end of the warm-up. Exit code 1
where something failed; --report adds the slice to a file, and `--sum FILE` tells what all slices of
it come to.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from .faults import FAULTS
from .show_process import ROOT, SIZE, ShowProcess
from .slopes import interval, theil_sen
from .switches import Switch

RECOVERY = 10.0
"""Seconds until a picture has to come after a fault."""

COMPUTES = 60.0
"""Seconds until the network has to compute again: another process may start meanwhile, beside
whatever else the machine does. Pictures come from the dream that there was."""

EVERY = (200, 2000)
"""Pictures between two faults."""

ROUNDS, SOON = 2, (200, 400)
"""At first each kind of fault comes so often, after so many pictures: what a kind loads and lays
out is there then, and what grows later grows each time."""

FLASHING = 0.2
"""Of the stretches between two faults: the scene flashes 10 times a second."""

WILD = 200
"""Pictures that what a fault said is left as it is; dreams on large pictures are slow."""

CALM = {
    "recipe": "live", "size": SIZE, "octaves": 1, "fluid": 1, "light": 1, "compare": 0, "mirror": 0,
    "amount": 1, "auto": 0,
}  # fmt: skip
"""What the show began with."""

WARM_UP = 20_000
"""Pictures at least: until then the windows of `Stats` fill up, which looks like a leak."""

COURSE = 5000
"""Pictures between two medians of memory in a report."""

FEWEST = 60
"""Samples that a slope is told of."""

SLOPE = 20.0
"""kB per 1,000 pictures."""

MORE = 2
"""Descriptors, threads and children that may be open at the moment of a sample."""

BROKEN = "is kept|grew over the largest file|cannot be written: Too many open files"
"""What a show says at its end whose recording broke off, and then fails."""

OPEN = ("descriptors", "threads", "children", "shared")


class Soak:
    """One slice. kinds: of faults, none for a slice without. failures: a sentence for each thing
    that was not as it has to be."""

    def __init__(self, show: ShowProcess, seed: int, kinds: Sequence[str]) -> None:
        self.show, self.chance, self.kinds = show, random.Random(seed), kinds
        self.faults: Counter[str] = Counter()
        self.failures: list[str] = []
        self.longest = self.computed = 0.0
        self.samples: list[dict[str, int]] = []
        self.rehearsed = math.inf
        """Pictures until each kind of fault had come ROUNDS times."""
        self._ended = threading.Event()

    def play(self, seconds: float) -> None:
        sampling = threading.Thread(target=self._sample, daemon=True)
        sampling.start()
        end, next_fault = time.monotonic() + seconds, 0
        first = [*self.kinds] * ROUNDS
        self.chance.shuffle(first)
        try:
            while time.monotonic() < end:
                if not first and math.isinf(self.rehearsed):
                    self.rehearsed = self.show.watch.pictures
                pause = self.chance.randint(*(SOON if first else EVERY))
                next_fault = max(next_fault, self.show.watch.pictures) + pause
                # Each fault's own draws do not touch those of the script.
                name = first.pop() if first else self.chance.choice(self.kinds or [""])
                seed = self.chance.random()
                if not (self._pass(WILD, end) and self._calm() and self._pass_to(next_fault, end)):
                    return
                if name:
                    self._fault(name, random.Random(seed))
        finally:
            self._ended.set()
            sampling.join()

    def _pass(self, pictures: int, end: float) -> bool:
        return self._pass_to(self.show.watch.pictures + pictures, end)

    def _pass_to(self, wanted: int, end: float) -> bool:
        """Waits for so many in all; False at the end, or where they stop."""
        watch = self.show.watch
        while watch.pictures < wanted:
            if time.monotonic() > end:
                return False
            if not watch.until(min(wanted, watch.pictures + WILD), RECOVERY):
                self._failed("no picture outside of faults")
                return False
        return True

    def _calm(self) -> bool:
        for name, value in CALM.items():
            self.show.say(name, value)
        return True

    def _fault(self, name: str, chance: random.Random) -> None:
        show, watch = self.show, self.show.watch
        show.held[Switch.FLASHING] = chance.random() < FLASHING
        show.forget()
        wanted = FAULTS[name](show, chance)
        over, gradients = time.monotonic(), show.gradients
        self.faults[name] += 1
        took = watch.after(over, RECOVERY)
        if took is None:
            self._failed(f"no picture within {RECOVERY:.0f} s after {name}")
            return
        self.longest = max(self.longest, took)
        while show.gradients <= gradients:
            if time.monotonic() - over > COMPUTES:
                self._failed(f"no gradient within {COMPUTES:.0f} s after {name}")
                return
            time.sleep(0.01)
        self.computed = max(self.computed, time.monotonic() - over)
        if not show.until_said(wanted, RECOVERY):
            self._failed(f"{name} was not told")

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


def growth(samples: list[dict[str, int]], rehearsed: float = 0) -> dict[str, Any]:
    """Of the samples after the warm-up, which lasts until `rehearsed` pictures at least: the slope
    of memory and its interval, kB per 1,000 pictures, and how much more was open at the end than at
    first. course: of memory over all samples, a median for each COURSE pictures."""
    warm = [each for each in samples if each["pictures"] >= max(WARM_UP, rehearsed)]
    facts: dict[str, Any] = {}
    if len(warm) >= FEWEST:
        x = np.array([each["pictures"] for each in warm]) / 1000
        y = np.array([each["kB"] for each in warm], float)
        facts = {"slope": round(theil_sen(x, y), 2), "kB": [int(y[0]), int(y[-1])]}
        facts["interval"] = [round(value, 2) for value in interval(x, y)]
    for start in range(0, samples[-1]["pictures"], COURSE):
        part = [each["kB"] for each in samples if 0 <= each["pictures"] - start < COURSE]
        facts.setdefault("course", []).append(int(np.median(part)) if part else None)
    settled = warm if len(warm) >= FEWEST else samples[len(samples) // 4 :]
    # Each child has descriptors of its own, and one that was killed is not missed at once.
    usual = Counter(each["children"] for each in settled).most_common(1)[0][0]
    alike = [each for each in settled if each["children"] == usual]
    for name in OPEN:
        compared = settled if name == "children" else alike
        third = max(1, len(compared) // 3)
        # The least of a third: a fault just then opens some.
        facts[name] = [
            min(each[name] for each in part) for part in (compared[:third], compared[-third:])
        ]
    return facts


def run(
    minutes: float,
    seed: int,
    port: int,
    kinds: Sequence[str] = tuple(FAULTS),
    graph: Path | None = None,
) -> dict[str, Any]:
    """One slice; what came of it. kinds: of faults. graph: as of `ShowProcess`."""
    with tempfile.TemporaryDirectory() as name:
        show = ShowProcess(Path(name), port, graph)
        soak = Soak(show, seed, kinds)
        began = time.monotonic()
        try:
            soak.play(minutes * 60)
        except BaseException:
            show.end()
            raise
        passed = time.monotonic() - began
        code = show.end()
        show.watch.join(10)
    grown = growth(soak.samples, soak.rehearsed)
    flashes = show.watch.flashes
    failures = list(soak.failures)
    # A show whose recording broke off says so at its end.
    if code and not (code == 1 and re.search(BROKEN, show.said)):
        failures.append(f"exit code {code}: {show.said[-600:]}")
    if show.watch.flashed:
        failures.append(f"{show.watch.flashed} pictures with {flashes.most} transitions")
    if grown.get("interval", [0])[0] > SLOPE:
        failures.append(f"memory grows by {grown['slope']} kB per 1,000 pictures")
    for each in OPEN:
        if grown[each][1] - grown[each][0] > MORE:
            failures.append(f"{each}: {grown[each]}")
    return {
        "seed": seed, "network": graph.stem if graph else "toy", "commit": commit(),
        "minutes": round(passed / 60, 2),
        "pictures": show.watch.pictures, "gradients": show.gradients,
        "faults": dict(sorted(soak.faults.items())), "recovery": round(soak.longest, 2),
        "computed": round(soak.computed, 2),
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
        "| seed | commit | pictures | gradients | faults | longest recovery, of the gradient | "
        "most transitions in any second | kB per 1,000 pictures (90 %) | descriptors | threads | "
        "children | failures |",
        "|---" * 12 + "|",
    ]
    for each in slices:
        slope = "too short"
        if "slope" in each:
            slope = "{} ({} to {})".format(each["slope"], *each["interval"])
        counts = " | ".join("{} to {}".format(*each[name]) for name in OPEN[:3])
        lines.append(
            f"| {each['seed']} | {each['commit']} | {each['pictures']:,} | {each['gradients']:,} | "
            f"{sum(each['faults'].values())} | "
            f"{each['recovery']} s, {each.get('computed', '?')} s | {each['transitions']} | "
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
    parser.add_argument(
        "--faults", default=",".join(FAULTS), metavar="NAME,NAME", help="those alone; '' for none"
    )
    parser.add_argument("--graph", type=Path, help="another network than the toy, by `export`")
    parser.add_argument("--port", type=int, default=18640, help="the first of three")
    parser.add_argument("--report", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--sum", type=Path, metavar="FILE.jsonl")
    options = parser.parse_args()
    if options.sum:
        print(summed([json.loads(line) for line in options.sum.read_text().splitlines()]))
        return 0
    kinds = [each for each in options.faults.split(",") if each]
    if unknown := set(kinds) - set(FAULTS):
        parser.error(f"there is no fault {', '.join(sorted(unknown))}: {', '.join(FAULTS)}")
    graph = options.graph and options.graph.absolute()
    found = run(options.minutes, options.seed, options.port, kinds, graph)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        with options.report.open("a") as file:
            file.write(json.dumps(found) + "\n")
    print(json.dumps(found, indent=1))
    return int(bool(found["failures"]))


if __name__ == "__main__":
    sys.exit(main())

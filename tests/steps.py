"""OpenVINO's ways to compute one gradient, in turns in one process: what each takes, and whether it
climbs as well.

    python -m tests.steps                                # the default network, some minutes
    python -m tests.steps --layers block2 --turns 60
    python -m tests.steps --against 601dd28              # and as the exporter of a commit wrote it

`pinned` is what this program had at first: threads tied to cores. `bf16` is not offered where it
is no quicker; where it is, and climbs at least 0.95 of float32's, it could be (docs/gradient.md).
601dd28 is the first version that OpenVINO computed rightly at every size; a commit needs a checkout
with its history, and its export takes a minute.

Ratios of turns stand other programs on the machine; how much else ran is told last. Processor time
is that of a session with one thread, and hears least of them.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from rich.console import Console
from rich.table import Table

from livedream.runtime.bench.computer import Others, cpu_name
from livedream.runtime.bench.floor import usable_cores
from livedream.runtime.choices import Choices
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.gradient.agreement import cosine
from livedream.runtime.gradient.graph import Graph, read_graph
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.session import open_session
from livedream.runtime.gradient.steering import steering
from livedream.runtime.start import network_of

from .look.pictures import scene

SIZE = (180, 320)
"""(height, width)."""

STEPS, STEP = 20, 3 / 255
"""Of a climb: how many, and how wide in the mean."""

SETTLING = 5
"""Turns that are not counted."""

ROOT = Path(__file__).parent.parent

BASE = "float32"
"""The way that all others are compared with."""


def ways(graph: Graph, earlier: Graph | None) -> dict[str, tuple[Graph, dict[str, str]]]:
    """What is opened, by name: a graph and the provider's options."""
    today = dict(PROVIDERS["openvino"].options)
    hint = json.loads(today["load_config"])
    half = {"CPU": {**hint["CPU"], "INFERENCE_PRECISION_HINT": "bf16"}}
    pinned = {key: value for key, value in today.items() if key != "load_config"}
    found = {BASE: (graph, today), "pinned": (graph, pinned)}
    found["bf16"] = graph, {**today, "load_config": json.dumps(half)}
    if earlier:
        found["earlier graph"] = earlier, today
        found["earlier graph, pinned"] = earlier, pinned
    return found


def exported_by(commit: str, model: str, layers: str, folder: Path) -> Path:
    """The graph of `layers`, written by the exporter that `commit` had. Raises CalledProcessError
    where git does not know it, or its exporter fails."""
    package, written = folder / "livedream", folder / "earlier.onnx"
    archive = subprocess.run(
        ["git", "archive", commit, "export", "pyproject.toml"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE,
    ).stdout  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(archive)) as held:
        held.extractall(package, filter="data")
    subprocess.run(
        [sys.executable, "-m", "livedream.export", model, "--layers", layers,
         "--form", PROVIDERS["openvino"].form, "--output", str(written)],
        cwd=folder, check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip
    return written


def turns(runs: Mapping[str, Callable[[], object]], count: int, clock: Callable[[], float]):
    """Seconds by `clock` of `count` turns of each of `runs`, which go up and down in turn."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(count + SETTLING):
        for name in list(runs) if turn % 2 else list(runs)[::-1]:
            began = clock()
            runs[name]()
            took[name].append(clock() - began)
    return {name: np.array(times[SETTLING:]) for name, times in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--layers")
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--against", metavar="COMMIT|FILE.onnx", help="an earlier graph")
    given = parser.parse_args()
    console, others = Console(), Others()
    choices = Choices(
        model=given.model, layers=given.layers, graph=None, weights="auto", recipe="live",
        provider="openvino", precision="fp32", size=SIZE[::-1], seed=0, settings=None,
        overrides={},
    )  # fmt: skip
    network = network_of(choices, console.print)
    provider, objective = PROVIDERS["openvino"], network.objective(given.layers)
    graph, earlier = network.graph_for(objective, provider, lambda *_: None), None
    with tempfile.TemporaryDirectory() as folder:
        if given.against:
            file = Path(given.against)
            if file.suffix != ".onnx":
                taps = ",".join(objective.taps)
                file = exported_by(given.against, network.model, taps, Path(folder))
            earlier = read_graph(file)
        offered = ways(graph, earlier)
        sessions, single = (
            {
                name: open_session(
                    which.path, replace(provider, options={**options, **more}), size=SIZE
                )
                for name, (which, options) in offered.items()
            }
            for more in ({}, {"num_of_threads": "1"})
        )
    judge = ort.InferenceSession(str(graph.path), providers=["CPUExecutionProvider"])
    feeds = steering(objective, graph.layers)

    def asked(session: ort.InferenceSession, output: str, image: np.ndarray) -> np.ndarray:
        inputs = {"image": image[None], **feeds}
        names = {each.name for each in session.get_inputs()}
        found = session.run([output], {n: each for n, each in inputs.items() if n in names})
        return np.asarray(found[0])

    device = CpuDevice()
    image = device.upload(cv2.resize(scene(SIZE[::-1]), SIZE[::-1]))
    took, busy = (
        turns(
            {
                name: lambda session=session: asked(session, "gradient", image)
                for name, session in opened.items()
            },
            given.turns,
            clock,
        )
        for opened, clock in ((sessions, time.perf_counter), (single, time.process_time))
    )
    plain = asked(sessions[BASE], "gradient", image)
    heights = {}
    for name, session in sessions.items():
        climbed = image
        for _ in range(STEPS):
            climbed = device.ascend(climbed, asked(session, "gradient", climbed)[0], STEP, 0, 0)
        heights[name] = float(asked(judge, "objective", climbed).squeeze())
    table = Table(
        "way", "time", "processor time", "cosine", f"climb of {STEPS} steps",
        caption="times are medians of ratios",
    )  # fmt: skip
    for name in offered:
        close = cosine(asked(sessions[name], "gradient", image), plain)
        table.add_row(
            name,
            *(f"{np.median(each[name] / each[BASE]):.2f}" for each in (took, busy)),
            f"{close:.3f}",
            f"{heights[name] / heights[BASE]:.3f}",
        )
    console.print(table)
    if earlier:
        first = "earlier graph, pinned"
        shares = [np.median(each[BASE] / each[first]) for each in (took, busy)]
        console.print(
            f"today's step takes {shares[0]:.2f} of the earlier one's time as it was opened then, "
            f"and {np.median(took[BASE] / took['earlier graph']):.2f} of its graph's; "
            f"{shares[1]:.2f} of its processor time."
        )
    console.print(
        f"{objective} on {SIZE[1]}x{SIZE[0]}, float32 {np.median(took[BASE]) * 1000:.1f} ms, "
        f"{np.median(busy[BASE]) * 1000:.1f} ms of processor time with one thread, "
        f"{given.turns} turns; {usable_cores()} cores of {cpu_name()}; what else ran took "
        f"{others.cores()} of them."
    )


if __name__ == "__main__":
    main()

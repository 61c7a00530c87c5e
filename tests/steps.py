"""OpenVINO's ways to compute one gradient, in turns in one process: what each takes, and whether it
climbs as well.

    python -m tests.steps                              # the default network, some minutes
    python -m tests.steps --layers block2 --turns 60

`pinned` is what this program had at first: threads tied to cores. `bf16` is not offered where it
is no quicker; where it is, and climbs at least 0.95 of float32's, it could be (docs/gradient.md).
Ratios of turns stand other programs on the machine; how much else ran is told last.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

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
from livedream.runtime.gradient.objective import steering
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.session import open_session
from livedream.runtime.start import network_of

from .look.pictures import scene

SIZE = (180, 320)
"""(height, width)."""

STEPS, STEP = 20, 3 / 255
"""Of a climb: how many, and how wide in the mean."""


def ways(today: dict[str, str]) -> dict[str, dict[str, str]]:
    """Options of the provider by name, that all others are compared with first."""
    hint = json.loads(today["load_config"])
    half = {"CPU": {**hint["CPU"], "INFERENCE_PRECISION_HINT": "bf16"}}
    pinned = {key: value for key, value in today.items() if key != "load_config"}
    return {"float32": today, "pinned": pinned, "bf16": {**today, "load_config": json.dumps(half)}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--layers")
    parser.add_argument("--turns", type=int, default=60)
    given = parser.parse_args()
    console, others = Console(), Others()
    choices = Choices(
        model=given.model, layers=given.layers, graph=None, weights="auto", recipe="live",
        provider="openvino", precision="fp32", size=SIZE[::-1], seed=0, settings=None,
        overrides={},
    )  # fmt: skip
    network = network_of(choices, console.print)
    provider, objective = PROVIDERS["openvino"], network.objective(given.layers)
    graph = network.graph_for(objective, provider, lambda *_: None)
    feeds = steering(objective, graph.layers)
    sessions = {
        name: open_session(graph.path, replace(provider, options=options), size=SIZE)
        for name, options in ways(dict(provider.options)).items()
    }
    judge = ort.InferenceSession(str(graph.path), providers=["CPUExecutionProvider"])

    def asked(session: ort.InferenceSession, output: str, image: np.ndarray) -> np.ndarray:
        inputs = {"image": image[None], **feeds}
        names = {each.name for each in session.get_inputs()}
        found = session.run([output], {n: each for n, each in inputs.items() if n in names})
        return np.asarray(found[0])

    device = CpuDevice()
    image = device.upload(cv2.resize(scene(SIZE[::-1]), SIZE[::-1]))
    took: dict[str, list[float]] = {name: [] for name in sessions}
    for turn in range(given.turns + 5):
        for name in list(sessions) if turn % 2 else list(sessions)[::-1]:
            began = time.perf_counter()
            asked(sessions[name], "gradient", image)
            took[name].append(time.perf_counter() - began)
    plain = asked(sessions["float32"], "gradient", image)
    heights = {}
    for name, session in sessions.items():
        climbed = image
        for _ in range(STEPS):
            climbed = device.ascend(climbed, asked(session, "gradient", climbed)[0], STEP, 0, 0)
        heights[name] = float(asked(judge, "objective", climbed).squeeze())
    table = Table("way", "time, median of ratios", "cosine", f"climb of {STEPS} steps")
    base = np.array(took["float32"][5:])
    for name, times in took.items():
        ratio = np.median(np.array(times[5:]) / base)
        close = cosine(asked(sessions[name], "gradient", image), plain)
        table.add_row(
            name, f"{ratio:.2f}", f"{close:.3f}", f"{heights[name] / heights['float32']:.3f}"
        )
    console.print(table)
    console.print(
        f"{objective} on {SIZE[1]}x{SIZE[0]}, float32 {np.median(base) * 1000:.1f} ms, "
        f"{given.turns} turns; {usable_cores()} cores of {cpu_name()}; what else ran took "
        f"{others.cores()} of them."
    )


if __name__ == "__main__":
    main()

"""How the live dream looks, as a table of figures with the aims beside them.

    python -m tests.look --model efficientnet_lite0 --clip bikes.mp4 --clip bigbuckbunny.mp4

Takes minutes on two cores; `--only steadiness,ghost` takes some of the measures, and `drift` is the
longest. Ratios are what holds from one machine to another: nothing here is a time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from rich.console import Console
from rich.table import Table

from livedream.runtime.choices import Choices
from livedream.runtime.control.parameters import Show
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.gradient.steering import steering
from livedream.runtime.scaling import parse_size, resized
from livedream.runtime.start import network_of, open_dreamer

from . import measures
from .pictures import clip, pan, scene

STILL = 40
"""Frames in which a still picture's dream is as strong as it gets."""

ALONE = 8
"""Frames that are dreamt as the notebook does, each by itself: enough for its flicker."""

SETTLED = 8
"""Frames of a clip after which its dream is told from a beginning."""

STICK = {"bikes": 0.7}
"""What is asked for of a clip of fast pans; of others 0.95."""

MEASURES = ("balance", "steadiness", "ghost", "strength", "drift")

Row = tuple[str, str, str, bool]
"""What, figure, aim, whether it is reached."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.look", description=__doc__)
    options.add_argument("--model", default="auto")
    options.add_argument("--layers")
    options.add_argument("--graph", type=Path)
    options.add_argument("--weights", default="auto")
    options.add_argument("--provider", default="auto")
    options.add_argument("--clip", type=Path, action="append", default=[])
    options.add_argument("--frames", type=int, default=60, help="of each clip")
    options.add_argument("--size", type=parse_size, default=(320, 240), help="of what is dreamt")
    options.add_argument("--only", default=",".join(MEASURES), help="measures, by comma")
    options.add_argument("--long", type=int, default=2000, help="frames of the measure of drift")
    given = options.parse_args()
    only = given.only.split(",")
    if not {*only} <= {*MEASURES}:
        options.error(f"--only takes some of {','.join(MEASURES)}.")
    box = given.size
    choices = Choices(
        model=given.model, layers=given.layers, graph=given.graph, weights=given.weights,
        recipe="live", provider=given.provider, precision="auto", size=box, seed=0, settings=None,
        overrides={},
    )  # fmt: skip
    console = Console(stderr=True)
    network = network_of(choices, console.print)
    dreamer, engines = open_dreamer(choices, network, box[::-1], console)
    dream = RECIPES["live"].dream
    table = Table("measure", "figure", "aim", "")
    clips = {path.stem: clip(path, box, given.frames) for path in given.clip}
    clips = clips or {"drawn pan": pan(box, given.frames)}

    def make(dream: Dream) -> Dreamer[Any]:
        return Dreamer(dreamer.device, dreamer.engine, dream)

    measured = rows(make, dream, clips, objective_of(dreamer), box, only, given.long)
    for what, figure, aim, reached in measured:
        console.print(f"{what}: {figure}")
        table.add_row(what, figure, aim, ("reached" if reached else "missed") if aim else "")
    Console().print(table)
    engines.close()
    return 0


def rows(
    make: measures.Make,
    dream: Dream,
    clips: dict[str, list[np.ndarray]],
    objective: measures.Objective,
    box: tuple[int, int],
    only: Collection[str],
    long: int,
) -> Iterator[Row]:
    """One measure after the other, the longest last."""
    stills = [scene(box), *(resized(frames[0], *box) for frames in clips.values())]
    if "balance" in only:
        noise, climb = measures.colour_and_climb(make, dream, stills, objective, STILL)
        yield most("colour noise, share of the raw gradient's", noise, 0.6)
        yield least("height climbed, share of the raw gradient's", climb, 1.1)
    if "steadiness" in only:
        for name, frames in clips.items():
            yield from steady_rows(make, dream, name, frames)
    if "ghost" in only:
        cuts = zip(stills, [*stills[1:], 255 - stills[0]], strict=True)
        ghosts = [measures.ghost(make, dream, before, after, STILL) for before, after in cuts]
        yield most("ghost after a cut, more than a fresh start's", max(ghosts), 0.02)
    if "strength" in only:
        for rate, share in measures.strengths(make, dream, stills[0]).items():
            yield least(f"strength after 1 s at {rate} a second", share, 0.8)
    if "drift" in only:
        settled = min(200, long // 2)
        for what, share in measures.drift(make(dream), stills[0], long, settled).items():
            yield most(f"{what}: change from frame {settled} to {long}", share, 0.02)


def steady_rows(
    make: measures.Make, dream: Dream, name: str, frames: list[np.ndarray]
) -> Iterator[Row]:
    """Of one clip; a slow machine's rows are told, and have no aim."""
    few = frames[:ALONE]
    apart, _ = measures.steadiness(few, measures.alone(make(RECIPES["google"].dream), few))
    for every in (1, 4):
        laid = measures.residuals(make(dream), frames, Show.calm, every)
        flicker, stick = measures.steadiness(frames[SETTLED:], laid[SETTLED:])
        if every == 1:
            yield most(f"{name}: flicker, share of frame by frame", flicker / apart, 0.22)
            yield least(f"{name}: sticks to what moves", stick, STICK.get(name, 0.95))
        else:
            said = f"{name}, every {every}th frame dreamt"
            yield f"{said}: flicker, stick", f"{flicker / apart:.3f}, {stick:.3f}", "", True


def most(what: str, figure: float, aim: float) -> Row:
    return what, f"{figure:.3f}", f"at most {aim:g}", figure <= aim


def least(what: str, figure: float, aim: float) -> Row:
    return what, f"{figure:.3f}", f"at least {aim:g}", figure >= aim


def objective_of(dreamer: Dreamer[Any]) -> measures.Objective:
    """Asked of the graph itself, by onnxruntime's own kernels."""
    engine = dreamer.engine
    session = ort.InferenceSession(str(engine.graph.path), providers=["CPUExecutionProvider"])
    feeds = steering(engine.objective, engine.graph.layers)
    names = {each.name for each in session.get_inputs()}

    def objective(image: np.ndarray) -> float:
        inputs = {"image": image[None], **feeds}
        value = session.run(["objective"], {n: each for n, each in inputs.items() if n in names})
        return float(np.asarray(value[0]))

    return objective


if __name__ == "__main__":
    sys.exit(main())

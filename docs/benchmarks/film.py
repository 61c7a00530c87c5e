"""How much clips flicker: `video --recipe film` beside what there was.

    PYTHONPATH=. python docs/benchmarks/film.py [CLIP] [--frames 40] [--width 256]

Without a clip: a pan over the program's own scene. Flicker is the mean change of what the dream
adds, along the motion, over its mean size (0 is glued to things, about 1.4 is new noise every
frame); stick is its correlation with the last frame's, carried along, where things move.
"blend" is graphific/DeepDreamVideo and pytorch-deepdream's video mode: every frame dreamt alone, on
a picture that is half the last dream.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from rich.console import Console

from livedream.runtime.choices import Choices
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.film import FilmDreamer
from livedream.runtime.start import network_of, open_dreamer
from tests.look.measures import RATE, steadiness
from tests.look.pictures import clip, pan

Frames = list[np.ndarray]


def blended(dreamer: Dreamer, frames: Frames) -> Frames:
    """The peers' way: no flow, half of the last dream under the next frame."""
    made, last = [], None
    for frame in frames:
        under = frame if last is None else np.uint8((frame.astype(np.uint16) + last + 1) // 2)
        last = dreamer.still(under)
        made.append(last)
    return made


def carried(dreamer: Dreamer, frames: Frames) -> Frames:
    """Each frame takes the last one's dream on."""
    return [np.asarray(dreamer.live(frame, n / RATE)) for n, frame in enumerate(frames)]


WAYS: dict[str, tuple[str, type[Dreamer], Callable[[Dreamer, Frames], Frames]]] = {
    "frame by frame": ("google", Dreamer, lambda dreamer, frames: [*map(dreamer.still, frames)]),
    "blend": ("google", Dreamer, blended),
    "recipe live": ("live", Dreamer, carried),
    "recipe film": ("film", FilmDreamer, carried),
}


def main() -> None:
    """Print a line for each way."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("clip", nargs="?", type=Path)
    options.add_argument("--frames", type=int, default=40)
    options.add_argument("--width", type=int, default=256)
    options.add_argument("--layers", default="block9")
    given = options.parse_args()
    box = given.width, given.width * 3 // 4
    frames = clip(given.clip, box, given.frames) if given.clip else pan(box, given.frames)
    console = Console(highlight=False)
    for name, (recipe, kind, way) in WAYS.items():
        choices = Choices(
            model="efficientnet_lite0", layers=given.layers, graph=None, weights="auto",
            recipe=recipe, provider="auto", precision="auto", size=None, seed=0, settings=None,
            overrides={},
        )  # fmt: skip
        network = network_of(choices, console.print)
        opened, engines = open_dreamer(choices, network, frames[0].shape[:2], Console(quiet=True))
        with closing(engines):
            dreamer = kind(opened.device, opened.engine, RECIPES[recipe].dream)
            made = way(dreamer, frames)
        laid = [a.astype(np.float32) - b for a, b in zip(made, frames, strict=True)]
        flicker, stick = steadiness(frames, laid)
        size = np.mean([np.abs(each).mean() for each in laid])
        console.print(f"{name:15} flicker {flicker:.2f}  stick {stick:.2f}  strength {size:.1f}")


if __name__ == "__main__":
    main()

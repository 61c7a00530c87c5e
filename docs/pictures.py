"""Makes the README's pictures from the program's own demo scene:

python docs/pictures.py [--seconds 4] [--only looks,dream,demo]

`--looks 6,8` draws those anew and leaves the others of the sheet as they are.
Others to look at are made with `--model`, `--weights`, `--clip` and `--into FOLDER`.

looks.jpg: the built-in looks, one frame of each; small ones beside their files, for the page. Those
of another `--model` are looks_MODEL.jpg.
dream.webp: the default dream, moving. demo.jpg: the scene after two seconds, and its dream
laid over as `livedream run` does it, at twice the size that was dreamt.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from rich.console import Console

from livedream.runtime.choices import Choices
from livedream.runtime.control.looks import looks
from livedream.runtime.control.looks import pictures as look_pictures
from livedream.runtime.control.presets import Preset
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.gradient.network import Network
from livedream.runtime.gradient.selection import Engines, Opening
from livedream.runtime.live.composition import compose, residual_of
from livedream.runtime.live.sources.cloudscape import Cloudscape
from livedream.runtime.offline.sheet import labelled
from livedream.runtime.progress import stages
from livedream.runtime.scaling import resized, scaled
from livedream.runtime.start import find_platform, network_of

DEFAULT = "efficientnet_lite0"
HERE = Path(__file__).parent
FPS = 25
SKY = 4
"""Seed of the clouds of demo.jpg and dream.webp."""
SIZE = (320, 240)
SHOWN = (640, 480)
"""Of the camera's picture under the dream, in demo.jpg."""
CARD = (240, 180)
COLUMNS = 4


def pictures(
    clip: Path | None, seconds: float, size: tuple[int, int] = SIZE, seed: int = 0
) -> Iterator[np.ndarray]:
    """So much of a clip, or else of the demo scene of that seed, uint8 BGR, within `size`."""
    count = round(seconds * FPS)
    if clip is None:
        scene = Cloudscape(size, seed)
        yield from (scene.draw(number / FPS) for number in range(count))
        return
    video = cv2.VideoCapture(str(clip))
    for _ in range(count):
        there, frame = video.read()
        if not there:
            return
        yield scaled(frame, size)


def dreamt(
    console: Console,
    engines: Engines,
    network: Network,
    look: Preset,
    scene: Iterator[np.ndarray],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The frames of the scene and of its dream, uint8 BGR each."""
    named = {field.name for field in fields(Dream)}
    values = {name: value for name, value in look.values.items() if name in named}
    dream = replace(RECIPES["live"].dream, **values)  # pyright: ignore[reportArgumentType]
    begin = next(scene)
    height, width = begin.shape[:2]
    with stages(console) as report:
        opening = Opening(report, console.print)
        objective = network.objective(str(look.values["layers"]))
        engine = engines.quick(objective, dream.sizes(height, width), opening)
    dreamer = Dreamer(engines.platform.device, engine, dream, seed=0)
    for number, picture in enumerate(chain([begin], scene)):
        yield picture, dreamer.live(picture, number / FPS)


def last(frames: Iterator[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The last pair of frames."""
    pair = next(frames)
    for following in frames:
        pair = following
    return pair


def cell(sheet: np.ndarray, number: int, count: int) -> np.ndarray:
    """That of look `number` in a sheet of `count`, COLUMNS a row."""
    row, column = divmod(number - 1, COLUMNS)
    height, width = sheet.shape[0] // -(-count // COLUMNS), sheet.shape[1] // COLUMNS
    return sheet[row * height :, column * width :][:height, :width]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default="looks,dream,demo")
    parser.add_argument("--looks", help="numbers by comma; the others stay as they are")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--into", type=Path, default=HERE)
    asked = parser.parse_args()
    only = asked.only.split(",")
    console = Console()
    choices = Choices(
        asked.model, None, None, asked.weights, "live", "auto", "auto", SIZE, 0, None, {}
    )
    network = network_of(choices, console.print)
    engines = Engines(network, find_platform(choices.provider, console.print))
    every = looks(network.layers)
    if "looks" in only:
        cells, cards = [], look_pictures(network.layers)
        name = "looks.jpg" if asked.model == DEFAULT else f"looks_{asked.model}.jpg"
        anew = {int(number) for number in asked.looks.split(",")} if asked.looks else {*every}
        there = cv2.imread(str(asked.into / name)) if asked.looks else None
        for number, look in every.items():
            if number not in anew:
                if there is not None:
                    cells.append(cell(there, number, len(every)))
                continue
            scene = pictures(asked.clip, asked.seconds)
            _, dream = last(dreamt(console, engines, network, look, scene))
            if asked.into == HERE:
                card = resized(dream, *CARD)
                cv2.imwrite(str(cards[number]), card, [cv2.IMWRITE_JPEG_QUALITY, 80])
            cells.append(labelled(dream, f"{number}  {look.name}"))
            console.print(look.name)
        if len(cells) == len(every):
            starts = range(0, len(cells), COLUMNS)
            sheet = np.vstack([np.hstack(cells[start : start + COLUMNS]) for start in starts])
            cv2.imwrite(str(asked.into / name), sheet, [cv2.IMWRITE_JPEG_QUALITY, 82])
    pairs, shown = [], []
    if {"demo", "dream"} & set(only):
        shown = list(pictures(asked.clip, asked.seconds + 1, SHOWN, SKY))
        scene = (scaled(each, SIZE) for each in shown)
        pairs = list(dreamt(console, engines, network, every[1], scene))
    if "demo" in only:
        number = min(2 * FPS, len(pairs)) - 1
        small, dream = pairs[number]
        pair = np.hstack([shown[number], compose(shown[number], residual_of(dream, small))])
        cv2.imwrite(str(asked.into / "demo.jpg"), pair, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if "dream" in only:
        moving = [Image.fromarray(dream[..., ::-1]) for _, dream in pairs[::2]]
        moving[0].save(
            asked.into / "dream.webp", save_all=True, append_images=moving[1:],
            duration=2000 // FPS, loop=0, quality=55, method=6,
        )  # fmt: skip
    engines.close()


if __name__ == "__main__":
    main()

"""The commands that end by themselves: a photo, a clip, an export."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from ..cli.options import Choices
from ..control.recipes import RECIPES
from ..dream.dreamer import Dreamer, sizes_of
from ..errors import UsageError
from ..gradient.exporting import export_to
from ..gradient.network import Network, find_network
from ..gradient.network import Progress as Report
from ..gradient.platform import find_platform, form_for
from ..gradient.selection import Engines, Opening
from ..scaling import comfortable, scaled
from ..stats import Stats
from ..store.files import check_writable
from ..store.pictures import SUFFIXES, read_photo, write_photo
from .clip import dream_clip


def passing(console: Console, *columns: ProgressColumn) -> Progress:
    """A bar that is gone when the work is done; in a file it would be nothing but an empty line."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar with the time left, for work that reports (done, total or None)."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with passing(console, *columns) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield report


@contextmanager
def stages(console: Console) -> Iterator[Report]:
    """A bar for work that reports (stage, fraction); gone when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn())
    with passing(console, *columns) as bar:
        task = bar.add_task("", total=1.0)

        def report(stage: str, fraction: float) -> None:
            bar.update(task, description=stage, completed=fraction)

        yield report


def open_dreamer(
    choices: Choices,
    network: Network,
    size: tuple[int, int],
    console: Console,
    stats: Stats | None = None,
    *,
    ahead: int = 0,
) -> tuple[Dreamer[Any], Engines]:
    """A dreamer and the engines it can change to, with everything opened for pictures of `size`,
    (height, width). ahead: as of `CudaDevice`.

    Prints what it chose; raises as `find_platform`, `find_network` and `Engines.quick` do.
    """
    dream = choices.dream()
    objective = network.objective(choices.layers)
    engines = Engines(network, find_platform(choices.provider, console.print, ahead=ahead))
    sizes = sizes_of(dream, *size)
    with stages(console) as report:
        engine = engines.quick(objective, sizes, Opening(report, console.print))
    octaves = ", ".join(f"{width}x{height}" for height, width in sizes(engine.minimum_size)[::-1])
    console.print(
        f"{network.model} {objective} on {engine.provider.name}, {octaves}, recipe {choices.recipe}"
    )
    device = engines.platform.device
    return Dreamer(device, engine, dream, seed=choices.seed, stats=stats), engines


def settings_of(choices: Choices, dreamer: Dreamer[Any]) -> dict[str, Any]:
    """What made a picture, for the file that holds it."""
    return {
        **dreamer.engine.describe(),
        "recipe": choices.recipe,
        "seed": choices.seed,
        **dreamer.dream.model_dump(),
    }


def box_for(picture: np.ndarray, choices: Choices, console: Console) -> tuple[int, int]:
    """(width, height) to dream it at: what was asked for, else its own as far as memory allows."""
    height, width = picture.shape[:2]
    if choices.size:
        return choices.size
    box = comfortable(width, height)
    if box != (width, height):
        console.print(f"Dreamt at {box[0]}x{box[1]}, for memory's sake; --size asks for more.")
    return box


def dream_photo(console: Console, choices: Choices, source: Path, target: Path) -> None:
    """`livedream image IN OUT`."""
    check_writable(target)
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{target.name} must end in one of {', '.join(SUFFIXES)}.")
    photo = read_photo(source)
    picture = scaled(photo, box_for(photo, choices, console))
    network = find_network(choices, console.print)
    dreamer, engines = open_dreamer(choices, network, picture.shape[:2], console)
    total = dreamer.dream.steps * len(dreamer.sizes(*picture.shape[:2]))
    with closing(engines), counting(console, "dreaming") as report:
        done = itertools.count(1)
        dreamer.on_step = lambda: report(next(done), total)
        dream = dreamer.still(picture)
    write_photo(target, dream, settings_of(choices, dreamer))
    console.print(f"{target}: {dream.shape[1]}x{dream.shape[0]}")


def dream_video(console: Console, choices: Choices, source: Path, target: Path) -> None:
    """`livedream video IN OUT`."""
    network = find_network(choices, console.print)
    live = RECIPES[choices.recipe].live
    dreamer: Dreamer[Any] | None = None
    box: tuple[int, int] | None = None

    def dream(frame: np.ndarray, seconds: float) -> np.ndarray:
        nonlocal dreamer, box
        box = box or box_for(frame, choices, console)
        picture = scaled(frame, box)
        if dreamer is None:
            dreamer, engines = open_dreamer(choices, network, picture.shape[:2], console)
            opened.callback(engines.close)
        return dreamer.live(picture, seconds) if live else dreamer.still(picture)

    with ExitStack() as opened, counting(console, "dreaming") as report:
        clip = dream_clip(source, target, dream, progress=report)
    console.print(f"{target}: {clip.frames} frames, {clip.width}x{clip.height}")


def export_file(
    console: Console,
    model: str,
    layers: str,
    output: Path,
    weights: str,
    precision: str,
    provider: str,
    seed: int,
) -> None:
    """`livedream export MODEL`."""
    with stages(console) as report:
        export_to(
            output,
            model,
            [layer.strip() for layer in layers.split(",") if layer.strip()],
            weights=weights,
            precision=precision,
            form=form_for(provider, precision),
            seed=seed,
            progress=report,
        )
    console.print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")

"""`livedream texture OUT`: a picture from nothing but what a layer likes."""

from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import numpy as np
from rich.console import Console

from ..choices import Choices
from ..dream.canvas import CANVASES
from ..dream.growing import Growth, grow
from ..errors import UsageError
from ..progress import counting
from ..start import network_of, open_dreamer
from ..store.files import check_outputs
from ..store.pictures import check_suffix, write_photo


def make_texture(
    console: Console, choices: Choices, target: Path, canvas: str, growth: Growth, overwrite: bool
) -> None:
    """Grow a texture of `choices.size` on `canvas`, a name of CANVASES, and write it.

    Raises UsageError for a wrong suffix or a clean-up prior on a canvas that is no pixels, and what
    opening a network raises.
    """
    check_outputs([target], [*choices.files], overwrite)
    check_suffix(target)
    if growth.priors.cleans and canvas != "pixels":
        raise UsageError("The priors blur and clip change pixels; say `--canvas pixels` with them.")
    assert choices.size
    width, height = choices.size
    network = network_of(choices, console.print)
    dreamer, engines = open_dreamer(choices, network, (height, width), console)
    random = np.random.default_rng(choices.seed)
    with closing(engines), counting(console, "growing") as report:
        done = itertools.count(1)
        image = grow(
            CANVASES[canvas](height, width, random),
            dreamer.engine.probe,
            growth,
            random,
            lambda gradient: report(next(done), growth.iterations),
        )
    settings = {
        **dreamer.engine.describe(),
        "seed": choices.seed,
        "size": f"{width}x{height}",
        "canvas": canvas,
        **{name: getattr(growth, name) for name in ("iterations", "rate", "turn", "zoom")},
        "prior": str(growth.priors),
    }
    pixels = np.ascontiguousarray((image[::-1].transpose(1, 2, 0) * 255).round().astype(np.uint8))
    write_photo(target, pixels, settings, overwrite=overwrite)
    console.print(f"{target}: {width}x{height}")

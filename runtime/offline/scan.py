"""`livedream layers MODEL --scan LAYER OUT`: what every channel of a layer dreams, on one sheet."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from ...export.catalogue import find_model
from ..choices import Choices
from ..control.recipes import COARSENESS, COLOUR
from ..dream.values import Dream
from ..progress import counting
from ..store.files import check_outputs
from ..store.pictures import check_suffix, write_photo
from ..wording import counted
from .sheet import labelled
from .studio import Studio

SWATCH = 96
"""Pixels of each side, or what the network needs at least."""

DREAM = Dream(
    octaves=2, octave_scale=1.5, steps=10, step_size=3, jitter=16, blur=0.7, colour=COLOUR,
    coarseness=COARSENESS,
)  # fmt: skip


def scan_layer(
    console: Console, choices: Choices, layer: str, target: Path, overwrite: bool
) -> None:
    """A swatch for each channel of `layer`, grown from the same grey noise, with its number.

    Raises UsageError for an unknown layer or suffix, LivedreamError where nothing opens or the
    file cannot be written. `choices` names the model.
    """
    check_outputs([target], choices.files, overwrite)
    check_suffix(target)
    model = find_model(choices.model)
    smallest = model.minimum_size(model.with_bank([layer]))
    ground = grey_noise(max(SWATCH, smallest))
    swatches, settings = [], {}
    with (
        closing(Studio(console, choices, layer)) as studio,
        counting(console, "dreaming") as report,
    ):
        channels = studio.network.layers[layer]
        for channel in range(channels):
            objective = studio.network.objective(f"{layer}:{channel}")
            image, settings = studio.still(ground, objective, DREAM, choices.seed)
            swatches.append(labelled(image, str(channel)))
            report(channel + 1, channels)
    sheet = tiled(swatches)
    about = {**settings, "layers": layer}
    write_photo(target, sheet, about, overwrite=overwrite)
    console.print(
        f"{target}: {counted(channels, 'channel')} of {layer}, {sheet.shape[1]}x{sheet.shape[0]}"
    )


def grey_noise(side: int) -> np.ndarray:
    """uint8 BGR [side, side, 3]: soft, the same every time."""
    noise = np.random.default_rng(2015).standard_normal((side, side, 3)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(118 + 10 * noise / noise.std(), 0, 255).round().astype(np.uint8)


def tiled(swatches: list[np.ndarray]) -> np.ndarray:
    """All side by side, from left to right and down, on a sheet a little wider than high."""
    columns = math.ceil(math.sqrt(1.5 * len(swatches)))
    empty = np.full_like(swatches[0], 24)
    rows = [swatches[start : start + columns] for start in range(0, len(swatches), columns)]
    return np.vstack([np.hstack([*row, *[empty] * (columns - len(row))]) for row in rows])

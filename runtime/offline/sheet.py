"""`livedream sheet PHOTO OUT`: a photo dreamt in many ways, side by side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from ..choices import Choices
from ..declared import declared
from ..dream.values import Dream
from ..errors import UsageError
from ..progress import counting
from ..scaling import scaled
from ..store.files import check_outputs
from ..store.pictures import check_suffix, read_photo, write_photo
from .studio import Studio

LINE = 24
"""Pixels of height that a line of text takes."""

CELL = (256, 256)
"""(width, height) that a picture of the sheet is fitted into, unless another size is asked for."""


def make_sheet(
    console: Console,
    choices: Choices,
    source: Path,
    target: Path,
    layers: Sequence[str],
    columns: tuple[str, Sequence[float]],
    overwrite: bool,
) -> None:
    """A row for each of `layers`, a column for each value of one field of `Dream`, named with its
    values in `columns`.

    Raises UsageError for unknown layers, fields and suffixes, LivedreamError for a photo that
    cannot be read and a file that cannot be written.
    """
    check_outputs([target], [source, *choices.files], overwrite)
    check_suffix(target)
    picture = scaled(read_photo(source), choices.size or CELL)
    name, values = columns
    settings = {}
    with (
        closing(Studio(console, choices, "+".join(layers))) as studio,
        counting(console, "dreaming") as report,
    ):
        done = itertools.count(1)
        rows = []
        for layer in layers:
            objective = studio.network.objective(layer)
            row = []
            for value in values:
                dream = replace(choices.dream(), **{name: value})
                image, settings = studio.still(picture, objective, dream, choices.seed)
                row.append(labelled(image, f"{layer}  {name} {value:g}"))
                report(next(done), len(layers) * len(values))
            rows.append(np.hstack(row))
    sheet = np.vstack(rows)
    about = {**settings, "layers": ",".join(layers), name: list(values)}
    write_photo(target, sheet, about, overwrite=overwrite)
    console.print(f"{target}: {len(layers)} x {len(values)}, {sheet.shape[1]}x{sheet.shape[0]}")


def parse_columns(text: str) -> tuple[str, list[Any]]:
    """`step_size=1,2,4` as the name and its values, whole where they must be.

    Raises UsageError for another form, what is no field of `Dream`, and what is out of its range.
    """
    name, _, written = text.partition("=")
    fields = {each.name: each for each in declared(Dream)}
    each = fields.get(name.strip().replace("-", "_"))
    if each is None:
        raise UsageError(f"'{text}' names no value of the dream; one of {', '.join(fields)}.")
    try:
        values = [float(part) for part in written.split(",")]
    except ValueError as error:
        raise UsageError(f"'{text}' is no row of values; write {each.name}=1,2,4.") from error
    for value in values:
        if not each.low <= value <= each.high:
            raise UsageError(f"{each.name} is {each.low:g} to {each.high:g}, not {value:g}.")
    return each.name, [each.clamp(value) for value in values]


def labelled(image: np.ndarray, text: str) -> np.ndarray:
    """The picture, uint8 BGR [height, width, 3], with a line of text beneath, on dark grey."""
    height, width = image.shape[:2]
    cell = np.full((height + LINE, width, 3), 24, np.uint8)
    cell[:height] = image
    cv2.putText(
        cell, text, (6, height + LINE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (220, 220, 220), 1,
        cv2.LINE_AA,
    )  # fmt: skip
    return cell

"""Options of the commands that dream on pictures: where, in which projection, over what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import Name

overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files that are there already."
)


mask_model_option = click.option(
    "--mask-model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The model that finds people for --mask, .tflite or .onnx; without it the official one.",
)


def mask_options(*wheres: str) -> Any:
    """`--mask` with these choices, and `--mask-model`."""
    where = click.option(
        "--mask",
        type=click.Choice(wheres),
        default="everywhere",
        show_default=True,
        help="Where it is dreamt: on people, in a band around them, on all but them"
        + (", on what moves." if "moving" in wheres else "."),
    )
    return lambda command: where(mask_model_option(command))


def projection_options(command: Any) -> Any:
    """`--projection` and `--stereo`, for panoramas."""
    stereo = click.option(
        "--stereo",
        type=Name("stereo", ("none", "over-under", "side-by-side")),
        default="none",
        show_default=True,
        help="How the eyes of a panorama lie in the picture.",
    )
    return click.option(
        "--projection",
        type=Name("projection", ("flat", "equirect")),
        default="flat",
        show_default=True,
        help="`equirect` is a panorama of the whole sphere: no seam, true shapes at the poles.",
    )(stereo(command))

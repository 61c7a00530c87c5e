"""Options of the commands that dream on pictures: where, how they show it, how large, over what."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ..control.parameters import SOURCE
from ..offline.view import View
from ..scaling import parse_size
from .option_types import Name, Shown

overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files that are there already."
)


def written_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The size of what is written; the command gets it as `written`, None for the source's."""
    return click.option(
        "--picture",
        "written",
        type=Shown(),
        default=SOURCE,
        show_default=True,
        callback=lambda ctx, param, value: None if value == SOURCE else parse_size(value),
        help="What is written fits into this, however small it is dreamt (--size); `source` is "
        "the source's own size.",
    )(command)


mask_model_option = click.option(
    "--mask-model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The model that finds people for --mask, .tflite or .onnx; without it the official one.",
)


def view_options(*wheres: str) -> Callable[[Any], Any]:
    """`--projection` and `--stereo`, for panoramas, and `--mask` with these choices; the command
    gets a `View`."""
    projection = click.option(
        "--projection",
        type=Name("projection", ("flat", "equirect")),
        default="flat",
        show_default=True,
        help="`equirect` is a panorama of the whole sphere: no seam, true shapes at the poles.",
    )
    stereo = click.option(
        "--stereo",
        type=Name("stereo", ("none", "over-under", "side-by-side")),
        default="none",
        show_default=True,
        help="How the eyes of a panorama lie in the picture.",
    )
    mask = click.option(
        "--mask",
        type=click.Choice(wheres),
        default="everywhere",
        show_default=True,
        help="Where it is dreamt: on people, in a band around them, on all but them"
        + (", on what moves." if "moving" in wheres else "."),
    )

    def decorate(command: Callable[..., Any]) -> Any:
        @functools.wraps(command)
        def gathered(**values: Any) -> Any:
            view = View(**{field.name: values.pop(field.name) for field in fields(View)})
            return command(view=view, **values)

        return mask(mask_model_option(projection(stereo(gathered))))

    return decorate

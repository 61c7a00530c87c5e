"""The commands that end by themselves: what can be said to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from ..errors import UsageError
from ..gradient.providers import PROVIDERS
from ..offline.view import View
from ..presence.kinds import OF_PEOPLE, Where
from ..telling import console
from .dream_options import growth_options, shared_options
from .option_types import SEED, Name
from .picture_options import overwrite_option, view_options, written_option


@click.command()
@click.argument(
    "sources", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--copies", type=click.IntRange(1, 1000), help="Of each photo, each with shifts of its own."
)
@click.option("--part", metavar="K/N", help="The K-th of N parts, for several processes.")
@view_options("everywhere", *OF_PEOPLE)
@written_option
@overwrite_option
@shared_options("google")
def image(sources: Sequence[Path], target: Path, view: View, **values: Any) -> None:
    """Dream a photo; or many, and folders of them, into the folder OUT."""
    from ..offline.commands import dream_photo
    from ..offline.series import dream_series, parse_part

    copies, part = values.pop("copies"), values.pop("part")
    many = len(sources) > 1 or sources[0].is_dir() or target.is_dir() or copies or part
    if not many:
        dream_photo(console=console, source=sources[0], target=target, view=view, **values)
        return
    if view.sphere:
        raise UsageError("Panoramas are dreamt one at a time; name one photo and a file to write.")
    dream_series(
        console=console,
        sources=sources,
        folder=target,
        copies=copies or 1,
        part=parse_part(part or "1/1"),
        mask=view.mask,
        mask_model=view.mask_model,
        **values,
    )


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--columns",
    default="step_size=1,2,4",
    show_default=True,
    metavar="NAME=V,V",
    help="A value of the dream, and what it is in each column.",
)
@overwrite_option
@shared_options("photo")
def sheet(columns: str, choices: Any, **values: Any) -> None:
    """Dream a photo in many ways on one sheet: a row for each of `--layers a,b,c`."""
    from dataclasses import replace

    from ..offline.sheet import make_sheet, parse_columns

    if choices.layers is None:
        raise UsageError("Say which layers: --layers block5,block9, a row for each.")
    layers = [layer.strip() for layer in choices.layers.split(",") if layer.strip()]
    make_sheet(
        console=console,
        choices=replace(choices, layers="+".join(layers)),
        layers=layers,
        columns=parse_columns(columns),
        **values,
    )


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Split at its cuts, shots dreamt anew by so many processes.",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Split at its cuts, shots dreamt by the machines of a Ray cluster (extra `ray`), which "
    "see the clip by the same path; `local` begins one here.",
)
@view_options(*get_args(Where))
@written_option
@overwrite_option
@shared_options("live")
def video(workers: int | None, ray: str | None, view: View, **values: Any) -> None:
    """Dream every frame of a clip; the sound is kept."""
    from ..offline.commands import dream_film, dream_video

    if workers is None and ray is None:
        dream_video(console=console, view=view, **values)
        return
    if view.sphere or view.mask != "everywhere":
        raise UsageError("Shots are dreamt flat and everywhere; leave --workers and --ray away.")
    dream_film(console=console, workers=workers or 1, ray=ray, **values)


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT.mp4", type=click.Path(path_type=Path))
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=10, show_default=True)
@click.option("--fps", type=click.FloatRange(1, 120), default=30, show_default=True)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 10),
    default=1.5,
    show_default=True,
    help="How many times nearer a second.",
)
@click.option(
    "--rotate",
    type=click.FloatRange(-360, 360),
    default=0,
    show_default=True,
    help="Turn, counter-clockwise. In degrees a second.",
)
@click.option(
    "--path",
    default="0.5,0.5",
    show_default=True,
    metavar="'X,Y X,Y'",
    help="The points that are flown to, as shares of the picture.",
)
@overwrite_option
@shared_options("zoom")
def zoom(seconds: float, fps: float, rate: float, rotate: float, path: str, **values: Any) -> None:
    """Fly into a photo that dreams on without end."""
    from ..offline.zoom import Flight, parse_path, zoom_into

    flight = Flight(seconds, fps, rate, rotate, parse_path(path))
    zoom_into(console=console, flight=flight, **values)


@click.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@overwrite_option
@growth_options
def texture(**values: Any) -> None:
    """Grow a picture from nothing but what a layer likes; it tiles."""
    from ..offline.texture import make_texture

    make_texture(console=console, **values)


@click.command()
@click.argument("model")
@click.option(
    "--layers", default="", metavar="L[,L]", help="The layers to tap; the bank where none is named."
)
@click.option("--bank", is_flag=True, help="Tap the layers of the looks as well as --layers.")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.onnx",
    help="To write.",
)
@click.option("--weights", default="auto", show_default=True, metavar="auto|random|FILE")
@click.option(
    "--precision", type=Name("precision", ("fp32", "fp16")), default="fp32", show_default=True
)
@click.option(
    "--provider",
    type=Name("provider", ("auto", *PROVIDERS)),
    default="auto",
    show_default=True,
    help="What the file is to run on: the form of the graph follows.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of random weights.")
@overwrite_option
def export(**values: Any) -> None:
    """Write a network and its input gradient as one ONNX file."""
    from ..offline.commands import export_file

    export_file(console=console, **values)


COMMANDS = (image, sheet, video, zoom, texture, export)

"""The command line: what can be said."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import click

# Before PyAV, which `sinks` imports: both bring X libraries of their own, and with those of PyAV in
# the process OpenCV's window never opens.
import cv2  # noqa: F401
from rich.console import Console

from ..ending import ending
from ..errors import UsageError
from ..gradient.providers import PROVIDERS
from ..offline.view import View
from ..presence.kinds import OF_PEOPLE, Where
from ..sinks.formats import EDIT, GOOD, QUALITIES
from ..sinks.named import OUTS
from ..telling import console
from .bench import bench
from .dream_options import SAID, growth_options, shared_options
from .exhibit import exhibit
from .option_types import SEED, Control, Name, Size
from .performing import Commands, performed
from .picture_options import (
    mask_model_option,
    overwrite_option,
    view_options,
    written_option,
)
from .show_options import show_options, surface_options


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("livedream"), prog_name="livedream")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def commands(debug: bool) -> None:
    """DeepDream on a live camera. Without a command: `run`."""


@commands.command()
@click.option(
    "--source",
    multiple=True,
    metavar="INDEX|PATH|URL|screen|ndi|spout|syphon|demo",
    help="A camera's number, a clip, a picture, a folder of pictures, a stream, `screen[:N]`, "
    "`ndi[:NAME]`, `spout[:NAME]`, `syphon[:NAME]`, or `demo`, the program's own cloudscape. "
    "Said several times: those that the show may change between. "
    "Without it: the first camera, or the cloudscape where there is none.",
)
@click.option("--loop", is_flag=True, help="Start a clip over at its end.")
@click.option(
    "--camera-control",
    "camera_controls",
    multiple=True,
    type=Control(),
    help="Set this on the camera whenever it was opened, once for each, such as "
    "power_line_frequency=1; `v4l2-ctl --list-ctrls` has the names. Linux.",
)
@show_options
@click.option(
    "--out",
    "outs",
    multiple=True,
    metavar="PLACE",
    help=f"Where the picture goes, once for each: {OUTS}. Without it: the window.",
)
@click.option(
    "--rate",
    type=click.FloatRange(1, 240),
    help="Pictures a second for each --out but the window, repeated where none came; without it "
    "the picture's own rate, 30 for cameras and servers.",
)
@click.option(
    "--screen",
    metavar="N|NAME",
    help="The window fills this screen, without borders, numbers and pointer.",
)
@click.option("--headless", is_flag=True, help="No window.")
@click.option(
    "--build-while-playing",
    is_flag=True,
    help="Dream at full rate while TensorRT times an engine, which then finds slower ones; else a "
    "dream a second.",
)
@click.option("--frames", type=click.IntRange(1), help="Stop after so many dreamt frames.")
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="OUT.mp4", help="Record from the start."
)
@click.option(
    "--record-minutes",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Of each recording; then the next one begins, OUT-2.mp4 and so on.",
)
@click.option(
    "--record-gigabytes",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Of all these together, with --record-minutes; the oldest ones are deleted.",
)
@click.option(
    "--record-quality",
    "quality",
    type=Name("quality", (*QUALITIES, EDIT)),
    default=GOOD,
    show_default=True,
    help="Of recordings; `edit` is ProRes in a .mov or lossless FFV1 in a .mkv.",
)
@click.option(
    "--record-sound",
    is_flag=True,
    help="Recordings have sound: what `--sound` hears, without it that of the clip.",
)
@click.option(
    "--stats",
    "stats_file",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Write speed, ages and times per stage at the end.",
)
@surface_options
@click.option(
    "--show",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder of a show: its presets, cues and what listens. `livedream show new DIR` makes "
    "one.",
)
@click.option(
    "--attract",
    metavar="demo|presets|PATH",
    help="What is to be seen while --presence finds nobody: the cloudscape, the presets one after "
    "the other, or recorded dreams, a clip or a folder of pictures. Without it: demo.",
)
@mask_model_option
@click.option(
    "--face-model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The model that finds faces, .tflite or .onnx; without it the official one.",
)
@overwrite_option
@click.option("--kept", type=int, hidden=True)
@shared_options("live")
@click.pass_context
def run(context: click.Context, surfaces: dict[str, Any], **values: Any) -> None:
    """Dream a live picture: camera, clip or stream to a window."""
    if surfaces["midi"] == "list":
        from .plugged_in import print_ports

        print_ports(Console(highlight=False))
        return
    if surfaces["sound"] == "list":
        from .plugged_in import print_inputs

        print_inputs(Console(highlight=False))
        return
    from ..live.show import run_show
    from ..live.surfaces import Surfaces

    given = {name for name in context.params if context.get_parameter_source(name) is SAID}
    try:
        run_show(console=console, given=given, surfaces=Surfaces(**surfaces), **values)
    except KeyboardInterrupt:
        console.print("Stopped before the picture came.")


@commands.command()
@click.option(
    "--show",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="For the presets of this show's folder; else for the looks.",
)
@click.option(
    "--source-size",
    "picture",
    type=Size(),
    default="1280x720",
    show_default=True,
    help="Of the source's pictures, which are fitted into --size.",
)
@shared_options("live")
def build(**values: Any) -> None:
    """Make everything ahead that a show would open: graphs, engines, what is found right."""
    from ..live.building import build as build_ahead

    build_ahead(console=console, **values)


@commands.command()
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


@commands.command()
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


@commands.command()
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


@commands.command()
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


@commands.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@overwrite_option
@growth_options
def texture(**values: Any) -> None:
    """Grow a picture from nothing but what a layer likes; it tiles."""
    from ..offline.texture import make_texture

    make_texture(console=console, **values)


@commands.command()
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


@commands.group()
def show() -> None:
    """The folder of a show: presets, cues, what listens."""


@show.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--model", default="efficientnet_lite0", show_default=True, help="To dream of.")
def new(folder: Path, model: str) -> None:
    """Make a folder with the built-in looks as files, and a show.toml to write in."""
    from .show_folder import make_folder

    make_folder(console, folder, model)


@commands.command()
@click.argument("model", required=False)
@click.option(
    "--scan",
    nargs=2,
    metavar="LAYER OUT.png",
    help="Draw what every channel of a layer dreams, with its number, on one sheet.",
)
@click.option("--weights", default="auto", show_default=True, metavar="auto|random|FILE")
@click.option(
    "--provider", type=Name("provider", ("auto", *PROVIDERS)), default="auto", show_default=True
)
@overwrite_option
def layers(
    model: str | None, scan: tuple[str, str] | None, weights: str, provider: str, overwrite: bool
) -> None:
    """What can be dreamt: models, layers, channels."""
    from .layers import print_layers, scan_choices

    if scan is None:
        print_layers(Console(highlight=False), model)
        return
    from ..offline.scan import scan_layer

    layer, target = scan
    choices = scan_choices(model, layer, weights, provider)
    scan_layer(console, choices, layer, Path(target), overwrite)


@commands.command()
@click.argument("model", default="efficientnet_lite0")
@click.option("--json", "form", flag_value="json", help="For other programs.")
@click.option("--markdown", "form", flag_value="markdown", help="The page docs/osc.md.")
@click.option(
    "--touchosc",
    type=click.Path(path_type=Path),
    metavar="FILE.tosc",
    help="Write a layout for TouchOSC instead.",
)
@overwrite_option
def osc(model: str, form: str | None, touchosc: Path | None, overwrite: bool) -> None:
    """Every OSC address, with its range and what it is."""
    if touchosc is not None:
        from .touchosc import write_touchosc

        write_touchosc(touchosc, model, overwrite)
        return
    from .osc_table import print_addresses

    print_addresses(Console(highlight=False), model, form or "table")


@commands.command()
@click.option("--exhibit", is_flag=True, help="Also what would end a show left alone for a month.")
def doctor(exhibit: bool) -> None:
    """What works here, and what to do about the rest."""
    from .doctor import run_doctor

    sys.exit(run_doctor(Console(highlight=False), exhibit))


commands.add_command(bench)
commands.add_command(exhibit)


def main() -> None:
    """The `livedream` command: does what the command line says, and ends the process."""
    ending.listen()
    ending.end(perform(sys.argv[1:]))


def perform(arguments: list[str]) -> int:
    """As `performed`, of all commands."""
    return performed(commands, arguments)

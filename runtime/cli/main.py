"""The command line: what can be said."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

# Before PyAV, which `sinks` imports: both bring X libraries of their own, and with those of PyAV in
# the process OpenCV's window never opens.
import cv2  # noqa: F401
from rich.console import Console

from ..ending import ending
from ..gradient.providers import PROVIDERS
from ..sinks.formats import EDIT, GOOD, QUALITIES
from ..sinks.named import OUTS
from ..telling import console
from . import offline
from .bench import bench
from .dream_options import SAID, shared_options
from .exhibit import exhibit
from .option_types import Control, Name, Size
from .performing import Commands, performed
from .picture_options import mask_model_option, overwrite_option
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


for each in (bench, exhibit, *offline.COMMANDS):
    commands.add_command(each)


def main() -> None:
    """The `livedream` command: does what the command line says, and ends the process."""
    ending.listen()
    ending.end(perform(sys.argv[1:]))


def perform(arguments: list[str]) -> int:
    """As `performed`, of all commands."""
    return performed(commands, arguments)

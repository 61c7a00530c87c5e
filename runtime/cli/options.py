"""Command-line options, made from the declarations; the shared ones, once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ..choices import FLOWN, GROWN, Choices, options_of
from ..control.listening import OS2L, PORT, SURFACES
from ..control.parameters import SOURCE, Show
from ..control.recipes import RECIPES
from ..declared import declared
from ..dream.canvas import CANVASES
from ..dream.growing import Growth
from ..dream.priors import parse_priors
from ..dream.values import Dream
from ..errors import UsageError, nearest
from ..gradient.objective import MOST_GUIDES
from ..gradient.providers import PROVIDERS
from ..scaling import parse_size
from ..store.settings import read_settings

SEED = click.IntRange(0, 2**32 - 1)
"""What every generator of random numbers takes."""

SAID = click.core.ParameterSource.COMMANDLINE
"""Of an option that was given; others come from `--settings` or are the default."""

LAUNCHERS = ("auto", "cuda-core", "pycuda")
"""Of a card's kernels: `kernels.launcher.BACKENDS`, which is not imported here."""

PRECISIONS = ("auto", "fp32", "tf32", "fp16")


class Size(click.ParamType):
    """`640x480` -> (640, 480), width and height in pixels."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_size(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Photos(click.ParamType):
    """`a.jpg,b.jpg` -> the files, at most as many as can guide a dream."""

    name = "PHOTO[,PHOTO]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Path, ...]:
        if isinstance(value, tuple):
            return value
        photos = tuple(Path(name.strip()) for name in value.split(",") if name.strip())
        if len(photos) > MOST_GUIDES:
            self.fail(f"At most {MOST_GUIDES} photos guide a dream.", param, ctx)
        return photos


class Control(click.ParamType):
    """`exposure_time_absolute=250` -> what a camera is told, name and value."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from ..live.sources.camera_controls import parse_control

        try:
            return parse_control(value) if isinstance(value, str) else value
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Surface(click.ParamType):
    """What listens, as `SURFACES` reads it."""

    def __init__(self, surface: str) -> None:
        self.name = surface
        self._read = SURFACES[surface]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(value) if isinstance(value, str) else value
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Shown(Size):
    """A size, or `source`; the text that the desk takes."""

    name = "WxH|source"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == SOURCE:
            return value
        return "{}x{}".format(*super().convert(value, param, ctx))


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


class Name(click.ParamType):
    """One of a few names; a wrong one is answered with the nearest right ones."""

    def __init__(self, kind: str, names: tuple[str, ...]) -> None:
        self.name = kind
        self.names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "[" + "|".join(self.names) + "]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.names:
            raise UsageError(
                f"There is no {self.name} '{value}'; nearest: {nearest(value, self.names)}."
            )
        return value


def begin_with(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """The settings of the picture at `path` take the place of the defaults."""
    if path is None:
        return None
    settings = read_settings(path)
    options = options_of(settings)
    if ctx.info_name != "run":
        options.pop("size", None)  # Of the camera's picture; a photo has its own.
        options |= {"size": options.pop("fit")} if "fit" in options else {}
    if ctx.info_name == "zoom":
        options |= {name: settings[name] for name in FLOWN if name in settings}
    ctx.default_map = {**(ctx.default_map or {}), **options}
    return path


def grow_with(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """The settings of the texture at `path` take the place of the defaults."""
    if path is None:
        return None
    settings = read_settings(path)
    names = ("canvas", "iterations", "rate", *GROWN, "prior", "size")
    grown = {name: settings[name] for name in names if name in settings and "canvas" in settings}
    options = {name: each for name, each in options_of(settings).items() if name not in GROWN}
    ctx.default_map = {**(ctx.default_map or {}), **options, **grown}
    return path


def dream_options() -> list[Callable[[Any], Any]]:
    """One option per field of `Dream`, with its range and unit; unset, the recipe decides."""
    options = []
    for each in declared(Dream):
        kind = click.IntRange if each.whole else click.FloatRange
        options.append(
            click.option(
                f"--{each.name.replace('_', '-')}",
                each.name,
                type=kind(each.low, each.high),  # pyright: ignore[reportArgumentType]
                metavar=f"{each.low:g}..{each.high:g}",
                help=each.sentence + (f" In {each.unit}." if each.unit else ""),
            )
        )
    return options


def show_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What of `Show` a show may begin with, a flag for each toggle, and the size that is shown; the
    command gets them as `begin`, by name."""
    later = ("record", "freeze", "help", "code")
    begins = [each for each in declared(Show) if each.name not in later]
    toggles = [each for each in begins if each.kind == "toggle"]

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        names = ("picture", *(each.name for each in begins))
        return command(begin={name: values.pop(name) for name in names}, **values)

    for each in begins:
        if each.kind == "number":
            click.option(
                f"--{each.name.replace('_', '-')}",
                type=click.FloatRange(each.low, each.high),
                default=each.default,
                metavar=f"{each.low:g}..{each.high:g}",
                help=each.sentence,
            )(gathered)
        if each.kind == "choice":
            click.option(
                f"--{each.name.replace('_', '-')}",
                type=click.Choice(each.choices),
                default=each.default,
                show_default=True,
                help=each.sentence,
            )(gathered)
    click.option(
        "--picture",
        type=Shown(),
        default=SOURCE,
        help="What is shown fits into this; `source` is the source's own size, at most 1920x1080.",
    )(gathered)
    for each in reversed(toggles):
        flag = f"--no-{each.name}" if each.default else f"--{each.name}"
        text = f"Without: {each.sentence[0].lower()}{each.sentence[1:]}"
        click.option(
            flag,
            each.name,
            is_flag=True,
            flag_value=not each.default,
            default=each.default,
            help=text if each.default else each.sentence,
        )(gathered)
    return gathered


_SURFACES = (
    ("osc", "[lan|HOST][:PORT]", f":{PORT}",
     "Listen for OSC, on this machine alone unless `lan` or a host is said."),
    ("osc_to", "HOST:PORT[,...]", None,
     "Tell by OSC what changes also to these, who need not have spoken; with `--osc`."),
    ("page", "[lan|HOST][:PORT]", f":{PORT}",
     "Serve a page to play from, on this machine alone unless `lan` or a host is said."),
    ("midi", "auto|NAME|list", None,
     "Play from MIDI controllers: all, or those whose names hold NAME; `list` names them."),
    ("dmx", "[lan:]artnet|sacn[:UNIVERSE[:ADDRESS]]", None,
     "Listen to a lighting desk: by Art-Net or sACN, on this machine alone unless `lan:` is said "
     "before it."),
    ("sound", "default|NAME|list", None,
     "Listen to the sound of an input whose name holds NAME: it moves values, and its beat is "
     "followed; `list` names them."),
    ("clock", f"lan:link|[lan:]os2l[:{OS2L}]", None,
     "Follow the beat of Ableton Link (extra `link`, which holds code under the GPL) or, as OS2L, "
     "of VirtualDJ."),
)  # fmt: skip
"""Name, form, what it means without a value, and what it is."""


def surface_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a show is played with; the command gets them as `surfaces`, by name."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        surfaces = {name: values.pop(name) for name, *_ in _SURFACES}
        return command(surfaces=surfaces, **values)

    for name, form, alone, sentence in reversed(_SURFACES):
        click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=Surface(name),
            metavar=form,
            **({"is_flag": False, "flag_value": alone} if alone else {}),
            help=sentence,
        )(gathered)
    return gathered


def prior_option(sentence: str) -> Callable[[Any], Any]:
    """`--prior`, a text that `parse_priors` reads."""
    return click.option("--prior", default="", metavar="tv:0.1,l2:0.05,...", help=sentence)


def settings_option(read: Callable[..., Any]) -> Callable[[Any], Any]:
    """`--settings`, whose picture `read` takes the defaults from."""
    return click.option(
        "--settings",
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        callback=read,
        help="Begin with what made this picture or clip: its network, layers and values. Options "
        "given beside it hold.",
    )


def network_options() -> list[Callable[[Any], Any]]:
    """What is dreamt of, by what."""
    return [
        click.option("--model", default="auto", show_default=True, help="The network to dream of."),
        click.option(
            "--layers",
            metavar="SUM",
            help="What is climbed: `inception4c`, one channel `inception4c:412`, a mix "
            "`inception4c*0.7+inception3b`.",
        ),
        click.option(
            "--guide",
            type=Photos(),
            default="",
            help="Photos whose features are dreamt: the best match at every position, or live, "
            "where `guide` goes from one to the next, their direction.",
        ),
        click.option(
            "--graph",
            type=click.Path(path_type=Path),
            metavar="FILE.onnx",
            help="An exported graph; needs no torch.",
        ),
        click.option(
            "--weights",
            default="auto",
            show_default=True,
            metavar="auto|random|FILE",
            help="The network's parameters: official, random, or from a .pth or .safetensors file.",
        ),
        click.option(
            "--provider",
            type=Name("provider", ("auto", *PROVIDERS)),
            default="auto",
            show_default=True,
            help="What computes the gradient.",
        ),
        click.option(
            "--precision",
            type=Name("precision", PRECISIONS),
            default="auto",
            show_default=True,
            help="Number format of the gradient; `auto` is float32, on CUDA as TF32.",
        ),
        click.option(
            "--card",
            type=click.IntRange(0, 63),
            default=0,
            metavar="N",
            help="Which NVIDIA card, by CUDA's number; the first one is 0.",
        ),
        click.option(
            "--launcher",
            type=Name("launcher", LAUNCHERS),
            default="auto",
            show_default=True,
            help="What launches a card's kernels; `auto` prefers cuda-core.",
        ),
        click.option(
            "--wait",
            type=Name("way to wait", ("block", "spin")),
            default="block",
            show_default=True,
            help="Who waits for a card sleeps, or keeps a core busy to go on some microseconds "
            "sooner.",
        ),
        click.option(
            "--seed", type=SEED, default=0, show_default=True, help="Of all random choices."
        ),
    ]


def shared_options(default_recipe: str) -> Callable[[Any], Any]:
    """The options of `run`, `image`, `video` and `bench`; the command gets one `Choices`."""
    plain = [
        settings_option(begin_with),
        *network_options(),
        click.option(
            "--recipe",
            type=Name("recipe", tuple(RECIPES)),
            default=default_recipe,
            show_default=True,
            help="The set of values that the options below change.",
        ),
        *dream_options(),
        prior_option(
            "What holds the dream back: tv, l2, blur (sigma), clip-norm, "
            "clip-contribution (shares); the same as --tv, --l2, --smooth and so on."
        ),
        click.option("--size", type=Size(), help="The picture is scaled to fit into this."),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(**values: Any) -> Any:
            dream = {field.name: values.pop(field.name) for field in fields(Dream)}
            named = {
                field.name: values.pop(field.name)
                for field in fields(Choices)
                if field.name != "overrides"
            }
            said = {name: value for name, value in dream.items() if value is not None}
            # What is said now holds against what `--settings` brings, by either name.
            source = click.get_current_context().get_parameter_source
            priors = parse_priors(values.pop("prior")).given
            here = {name: value for name, value in priors.items() if source(name) is not SAID}
            given = {**said, **here}
            return command(choices=Choices(**named, overrides=given), **values)

        for option in reversed(plain):
            option(gathered)
        return gathered

    return decorate


def growth_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `texture`; the command gets a `Choices` and a `Growth`."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        named = ("model", "layers", "graph", "weights", "provider", "precision", "size", "seed")
        more = ("guide", "settings", "card", "launcher", "wait")
        choices = Choices(
            **{name: values.pop(name) for name in (*named, *more)},
            recipe="google",
            overrides={"octaves": 1},
        )
        growth = Growth(
            **{name: values.pop(name) for name in ("iterations", "rate", "turn", "zoom")},
            priors=parse_priors(values.pop("prior")),
        )
        return command(choices=choices, growth=growth, **values)

    plain = [
        settings_option(grow_with),
        *network_options(),
        click.option(
            "--size", type=Size(), default="512x512", show_default=True, help="Of the texture."
        ),
        click.option(
            "--canvas",
            type=Name("canvas", tuple(CANVASES)),
            default="waves",
            show_default=True,
            help="What grows: waves (all scales alike), phases of waves as loud as nature's, "
            "or pixels.",
        ),
        click.option("--iterations", type=click.IntRange(1, 100_000), default=256,
                     show_default=True, help="Steps."),
        click.option("--rate", type=click.FloatRange(0, 10), default=0.05, show_default=True,
                     help="Of Adam, who takes the steps."),
        click.option("--turn", type=click.FloatRange(0, 180), default=5, show_default=True,
                     help="Largest random turn of a step. In degrees."),
        click.option("--zoom", type=click.FloatRange(0, 0.5), default=0.1, show_default=True,
                     help="Largest random change of scale of a step, a share."),
        prior_option("What keeps it in bounds: tv, l2; on pixels also blur (sigma), clip-norm "
                     "and clip-contribution (shares)."),
    ]  # fmt: skip
    for option in reversed(plain):
        option(gathered)
    return gathered

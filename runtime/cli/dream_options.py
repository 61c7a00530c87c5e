"""Options of every command that dreams: by which network, how, on what."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ..choices import FLOWN, GROWN, Choices, options_of
from ..control.recipes import RECIPES
from ..declared import declared
from ..dream.canvas import CANVASES
from ..dream.growing import Growth
from ..dream.priors import parse_priors
from ..dream.values import Dream
from ..gradient.providers import PROVIDERS
from ..store.settings import read_settings
from .option_types import SEED, Name, Photos, Size

SAID = click.core.ParameterSource.COMMANDLINE
"""Of an option that was given; others come from `--settings` or are the default."""

LAUNCHERS = ("auto", "cuda-core", "pycuda")
"""Of a card's kernels: `kernels.launcher.BACKENDS`, which is not imported here."""

PRECISIONS = ("auto", "fp32", "tf32", "fp16")


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

"""`livedream bench`, and what its reports are good for: `bench compare`, `bench table`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..choices import Choices
from ..errors import LivedreamError, UsageError, nearest
from .dream_options import SAID, shared_options
from .option_types import Size

SECONDS, FULL_SECONDS = 4.0, 45.0
"""Of each measurement, unless said otherwise."""
FULL_FURTHER = 0.25
"""With `--full`, that part of it for the sizes after the first: they show how time grows."""
FULL_BASELINE = 2 / 3
"""With `--full`, that part of it for the baseline's turns, which come in sixes."""

SIZE = (320, 240)
FULL_SIZES = ((320, 240), (640, 480), (1280, 720))

LISTED = ("layers", "provider", "precision", "size")
"""Shared options that take a list here: every combination is measured."""


class Listed(click.ParamType):
    """Values of another type, separated by commas; a tuple of them."""

    def __init__(self, kind: click.ParamType) -> None:
        self.kind = kind
        self.name = f"{kind.name},.."

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        inner = self.kind.get_metavar(param, ctx) or self.kind.name.upper()
        return f"{inner}[,..]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        if not parts:
            self.fail("the list is empty.", param, ctx)
        # A value twice would be measured twice.
        return tuple(dict.fromkeys(self.kind.convert(part, param, ctx) for part in parts))


class Bench(click.Group):
    """`bench compare` and `table` beside `bench`; a wrong name gets the right one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            raise UsageError(
                f"`bench` takes options, `compare` and `table`, but not '{args[0]}'; nearest: "
                f"{nearest(args[0], self.commands)}."
            )
        return super().resolve_command(ctx, args)


def _measures(text: str) -> tuple[str, ...]:
    from ..bench.runner import MEASURES

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names or [text]:
        if name not in MEASURES:
            raise UsageError(f"There is no measure '{name}'; nearest: {nearest(name, MEASURES)}.")
    return tuple(name for name in MEASURES if name in names)


_JSON = click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Write the report for `compare` and for publishing.",
)
_HTML = click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Write one self-contained page.",
)


@click.group(cls=Bench, invoke_without_command=True)
@click.option(
    "--measure",
    "measures",
    default="step,frame,picture,effects,live",
    show_default=True,
    metavar="step,frame,picture,effects,live",
    help="What to measure.",
)
@click.option(
    "--full",
    is_flag=True,
    help="For publishing, about ten minutes a provider: all providers installed, the first size at "
    "length and with the baseline, two larger ones briefly.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    metavar="0.1..3600",
    help="Most time for each measurement; it ends sooner with enough samples for the 99th "
    f"percentile. Default: {SECONDS:g}, with --full {FULL_SECONDS:g}.",
)
@click.option(
    "--fps",
    type=click.FloatRange(1, 1000),
    default=30.0,
    show_default=True,
    metavar="1..1000",
    help="Of the synthetic camera.",
)
@click.option(
    "--picture",
    type=Size(),
    default="1280x720",
    show_default=True,
    help="Shown pictures fit into this.",
)
@click.option(
    "--baseline",
    metavar="torch[:eager,..]",
    help="The same work in torch, in turns with ours.",
)
@click.option("--raw", is_flag=True, help="Keep every sample in the JSON file.")
@_JSON
@_HTML
@shared_options("live")
@click.pass_context
def bench(context: click.Context, **values: Any) -> None:
    """Measure what a gradient, a dreamt frame and the live loop cost on this machine."""
    if context.invoked_subcommand is None:
        _run(**values)


for _option in bench.params:
    if _option.name in LISTED:
        _option.type = Listed(_option.type)


@bench.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="A.json B.json [..]")
@_HTML
def compare(files: tuple[Path, ...], html_file: Path | None) -> None:
    """Reports side by side; what did not do the same work is not compared."""
    from rich.console import Console

    from ..bench.compare import compare as matched
    from ..bench.page import comparison_page, write_page
    from ..bench.schema import read_report
    from ..bench.side_by_side import print_comparison
    from ..store.files import check_outputs

    if len(files) < 2:
        raise UsageError("Name at least two reports: `livedream bench compare A.json B.json`.")
    check_outputs([html_file], files, overwrite=True)
    reports = [read_report(file) for file in files]
    names = _short_names(files)
    comparison = matched(reports, names)
    print_comparison(Console(highlight=False), comparison, names)
    if html_file:
        write_page(comparison_page(comparison, reports, names), html_file)


@bench.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.json")
def table(file: Path) -> None:
    """A report as Markdown, for a README."""
    from ..bench.markdown import tables
    from ..bench.page import machine_title
    from ..bench.schema import read_report

    report = read_report(file)
    click.echo(tables(report, machine_title(report)), nl=False)


def _short_names(files: tuple[Path, ...]) -> list[str]:
    """The files' names without folders, numbered where they are the same."""
    stems = [file.stem for file in files]
    return [
        stem if stems.count(stem) == 1 else f"{stem} ({place + 1})"
        for place, stem in enumerate(stems)
    ]


def _run(
    choices: Choices,
    measures: str,
    full: bool,
    seconds: float | None,
    fps: float,
    picture: tuple[int, int],
    baseline: str | None,
    raw: bool,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    from rich.console import Console
    from rich.text import Text

    from ..bench.page import report_page, write_page
    from ..bench.report import print_report
    from ..bench.runner import Bench as Runner
    from ..bench.runner import Plan
    from ..bench.schema import write_report
    from ..store.files import check_outputs

    check_outputs([json_file, html_file], choices.files, overwrite=True)
    told = Console(stderr=True, highlight=False)
    first, further = efforts(full, seconds, baseline)
    plan = Plan(
        choices=choices,
        sweep=sweep_of(choices, full),
        measures=_measures(measures),
        first=first,
        further=further,
        fps=fps,
        picture=picture,
        raw=raw,
        options=options_given(),
    )
    stage = ""

    def progress(name: str, fraction: float) -> None:
        nonlocal stage
        if name != stage:
            stage = name
            told.print(Text(f"  {name}", style="dim"), soft_wrap=True)

    runner = Runner(
        plan, lambda text: told.print(Text(text, style="dim"), soft_wrap=True), progress
    )
    stopped: BaseException | None = None
    try:
        runner.run()
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - raised again below
        stopped = error
    report = runner.report()
    if not report.cases and not isinstance(stopped, KeyboardInterrupt):
        raise stopped or LivedreamError(f"Nothing could be measured: {report.failures[0]}")
    print_report(Console(highlight=False), report)
    if json_file:
        write_report(report, json_file)
    if html_file:
        write_page(report_page(report), html_file)
    if isinstance(stopped, KeyboardInterrupt):
        raise LivedreamError("Interrupted; what was measured until then is marked partial.")
    if stopped:
        raise stopped


def efforts(full: bool, seconds: float | None, baseline: str | None) -> tuple[Any, Any]:
    """For the first size and for the others. Raises UsageError for a baseline there is none of."""
    from ..bench.baseline import parse_baselines
    from ..bench.runner import Effort

    variants = None if baseline is None else parse_baselines(baseline)
    if not full:
        each = seconds or SECONDS
        same = Effort(each, each, variants)
        return same, same
    each = seconds or FULL_SECONDS
    return Effort(each, each * FULL_BASELINE, variants), Effort(each * FULL_FURTHER, 0.0, None)


def sweep_of(choices: Choices, full: bool) -> Any:
    """The lists that were given; `--full` fills in those that were not. Raises UsageError for a
    graph file with several layers, and as `find_platform` does."""
    from ..bench.opened import Sweep
    from ..start import find_platform

    # Lists where the options of other commands hold one value: see `Listed`.
    given: Any = choices
    providers: tuple[str, ...] = given.provider
    for provider in providers:
        platform = find_platform(provider, lambda text: None)
        if full and providers == ("auto",):
            providers = tuple(each.name for each in platform.providers)
    return Sweep(
        sizes=given.size or (FULL_SIZES if full else (SIZE,)),
        layers=given.layers or (None,),
        providers=providers,
        precisions=given.precision,
    )


def options_given() -> dict[str, str]:
    """What the person said, without names of files."""
    context = click.get_current_context()
    given = {}
    for param in context.command.params:
        name = param.name or ""
        if context.get_parameter_source(name) is SAID and not isinstance(param.type, click.Path):
            given[param.opts[0].removeprefix("--")] = _said(name, context.params[name])
    return given


def _said(name: str, value: Any) -> str:
    if value is True:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if name in ("size", "picture"):
        sizes = [value] if name == "picture" else value
        return ",".join(f"{width}x{height}" for width, height in sizes)
    if name == "weights" and value not in ("auto", "random"):
        return "a file"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)

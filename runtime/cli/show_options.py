"""Options of a show: how it begins, and what it is played with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from ..control.listening import OS2L, PORT
from ..control.parameters import SOURCE, Show
from ..declared import declared
from .option_types import Shown, Surface


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

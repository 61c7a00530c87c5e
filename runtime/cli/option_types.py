"""What the values of options may be: a text of the command line is read, or refused with what is
near."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..control.listening import SURFACES
from ..control.parameters import SOURCE
from ..errors import UsageError, nearest
from ..gradient.objective import MOST_GUIDES
from ..scaling import parse_size

SEED = click.IntRange(0, 2**32 - 1)
"""What every generator of random numbers takes."""


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

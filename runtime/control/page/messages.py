"""What the page and the program say to each other: JSON in, JSON out, as pure functions."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...declared import Parameter, Value
from ...errors import UsageError, nearest

LARGEST = 4096
"""Bytes of the longest message that a page may send."""

WIDTHS = (320, 480, 640, 960)
"""Pixels of the pictures that are sent, so that two phones can share one."""

WITHHELD = ("quit",)
"""What no page may say: who ends the show stands beside it."""

TEXTS = ("layers", "size", "picture", "learn")
"""The texts that a page may say. Another that is declared must be named here first, so that none
that names a file or a command is ever in reach."""


@dataclass(frozen=True)
class Say:
    """Bring the desk to `values` in `seconds`; None is each parameter's own smoothing."""

    values: Mapping[str, Value]
    seconds: float | None = None


@dataclass(frozen=True)
class Nudge:
    """Move `name` by so many of its steps."""

    name: str
    steps: float


@dataclass(frozen=True)
class Look:
    """Send the next picture, so many pixels wide at most."""

    width: int


def playable(
    parameters: Mapping[str, Parameter], idle: Container[str] = ()
) -> dict[str, Parameter]:
    """Those that a page may say. idle: names of those that move nothing in this show."""
    return {
        name: each
        for name, each in parameters.items()
        if name not in WITHHELD and name not in idle and (each.kind != "text" or name in TEXTS)
    }


def described(parameters: Iterable[Parameter]) -> list[dict[str, Any]]:
    """The declarations as the page needs them, in groups."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in parameters:
        groups.setdefault(each.group, []).append(_described(each))
    return [{"name": name, "parameters": group} for name, group in groups.items()]


def told(parameters: Mapping[str, Parameter], values: Mapping[str, Value]) -> dict[str, Any]:
    """Values as the page needs them: a number with its place along the fader."""
    return {name: _told(parameters[name], value) for name, value in values.items()}


def understood(text: str | bytes, parameters: Mapping[str, Parameter]) -> Say | Nudge | Look:
    """What a message of the page asks for. parameters: those that may be said.

    `{"set": {NAME: VALUE}}` in the parameter's own unit or `{"share": {NAME: 0..1}}` along its
    fader, both with `"seconds"` where wanted; `{"nudge": [NAME, STEPS]}`; `{"look": PIXELS}`.
    Raises UsageError in one sentence for anything else.
    """
    content = _parsed(text)
    if "look" in content:
        wanted = _number(content["look"])
        return Look(next((width for width in WIDTHS if width >= wanted), WIDTHS[-1]))
    if "nudge" in content:
        match content["nudge"]:
            case [str(name), steps]:
                _known(name, parameters)
                return Nudge(name, _number(steps))
            case _:
                raise UsageError("A nudge is a name and a number of steps.")
    values = {
        **{name: _value(name, value, parameters) for name, value in _table(content, "set")},
        **{
            name: _known(name, parameters).at_share(_number(share))
            for name, share in _table(content, "share")
        },
    }
    if not values:
        raise UsageError("The message says nothing.")
    seconds = content.get("seconds")
    return Say(values, None if seconds is None else min(max(0.0, _number(seconds)), 600.0))


def _described(parameter: Parameter) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "name": parameter.name,
        "label": parameter.label,
        "kind": parameter.kind,
        "sentence": parameter.sentence,
        "prepared": parameter.cost == "prepared",
    }
    if parameter.kind == "number":
        kinds |= {
            "low": parameter.low, "high": parameter.high, "unit": parameter.unit,
            "whole": parameter.whole, "default": parameter.share(parameter.default),
        }  # fmt: skip
    if parameter.kind == "choice":
        kinds["choices"] = parameter.choices
    return kinds


def _told(parameter: Parameter, value: Value) -> Any:
    return [value, round(parameter.share(value), 5)] if parameter.kind == "number" else value


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        content = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise UsageError("The message cannot be read.") from error
    if not isinstance(content, dict):
        raise UsageError("A message is a table.")
    return content


def _refused(name: str) -> float:
    raise ValueError(name)


def _table(content: Mapping[str, Any], key: str) -> Iterable[tuple[str, Any]]:
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise UsageError(f"'{key}' is a table of names and values.")
    return table.items()


def _value(name: str, value: object, parameters: Mapping[str, Parameter]) -> Value:
    parameter = _known(name, parameters)
    if not isinstance(value, (str, int, float)):
        raise UsageError(f"{parameter.label} takes a number or a text.")
    if parameter.kind not in ("choice", "text"):
        value = _number(value)
    return parameter.clamp(value)


def _known(name: str, parameters: Mapping[str, Parameter]) -> Parameter:
    if name not in parameters:
        near = nearest(name[:80], parameters)
        raise UsageError(f"The page has no '{name[:80]}'; nearest: {near}.")
    return parameters[name]


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, (int, float)) else math.nan
    except OverflowError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{str(value)[:40]!r} is no finite number.")
    return number

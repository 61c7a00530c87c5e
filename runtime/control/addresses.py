"""OSC addresses of the parameters: what a message means, what is answered, and all of them.

Pure functions over the declarations. The forms follow Resolume (`?`, `+`, `-`) and TouchOSC (0..1
for faders).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..declared import Parameter, Value
from ..errors import UsageError, nearest

PREFIX = "/livedream/"
NORM = "/norm"
REFRESH = f"{PREFIX}refresh"


@dataclass(frozen=True)
class Move:
    """Bring `name` to `value` in `seconds`; None is the parameter's own smoothing."""

    name: str
    value: Value
    seconds: float | None = None


@dataclass(frozen=True)
class Nudge:
    """Move `name` by so many of its steps."""

    name: str
    steps: float


@dataclass(frozen=True)
class Ask:
    """Answer the values of `names`."""

    names: tuple[str, ...]


def is_known(address: str, parameters: Mapping[str, Parameter]) -> bool:
    """Whether there is such an address; takes no time, whatever it is."""
    name = address.removeprefix(PREFIX).removesuffix(NORM)
    return address == REFRESH or (address.startswith(PREFIX) and name in parameters)


def understood(
    address: str, arguments: Sequence[object], parameters: Mapping[str, Parameter]
) -> Move | Nudge | Ask:
    """What a message asks for. Raises UsageError in one sentence where it makes no sense.

    `/livedream/NAME value [seconds]` in the parameter's own unit, `/livedream/NAME/norm` in 0..1
    along its curve; `?` or no argument asks; `+ x` and `- x` move by x, without x by a step. A
    trigger fires without an argument and at 0.5 and above, not at the release of a button.
    """
    if address == REFRESH:
        return Ask(tuple(name for name, each in parameters.items() if each.kind != "trigger"))
    name, norm = address.removeprefix(PREFIX), False
    if name.endswith(NORM):
        name, norm = name.removesuffix(NORM), True
    if not address.startswith(PREFIX) or name not in parameters:
        near = nearest(name.rpartition("/")[2], parameters)
        raise UsageError(f"There is no OSC address {address[:80]!r}; nearest: {near}.")
    parameter = parameters[name]
    if parameter.kind == "trigger":
        value = _number(arguments[0], address) if arguments else 1.0
        return Move(name, value >= 0.5)
    if not arguments or arguments[0] == "?":
        return Ask((name,))
    if arguments[0] in ("+", "-") and parameter.kind != "text":
        sign = 1 if arguments[0] == "+" else -1
        return Nudge(name, sign * _steps(parameter, arguments[1:], address))
    seconds = max(0.0, _number(arguments[1], address)) if len(arguments) > 1 else None
    if norm:
        return Move(name, parameter.at_share(_number(arguments[0], address)), seconds)
    value = arguments[0]
    if parameter.kind in ("number", "toggle"):
        value = _number(value, address)
    elif not isinstance(value, (str, int, float)):
        raise UsageError(f"{address} takes a text or a number.")
    return Move(name, parameter.clamp(value), seconds)


def answers(parameter: Parameter, value: Value) -> list[tuple[str, float | int | str]]:
    """The messages that tell `value`: in its own unit, and for what a fader can hold in 0..1."""
    address = PREFIX + parameter.name
    if parameter.kind == "toggle":
        return [(address, int(bool(value)))]
    if parameter.kind in ("choice", "text"):
        return [(address, str(value))]
    plain = int(value) if parameter.whole else float(value)
    return [(address, plain), (address + NORM, float(parameter.share(value)))]


@dataclass(frozen=True)
class Listed:
    """One line of the list of addresses. types: OSC type tags of what it takes."""

    address: str
    types: str
    takes: str
    sentence: str


def listed(parameters: Iterable[Parameter]) -> list[Listed]:
    """Every address, in the order of the declarations."""
    lines = []
    for each in parameters:
        address = PREFIX + each.name
        if each.kind == "number":
            unit = f" {each.unit}" if each.unit else ""
            span = f"{each.low:g}..{each.high:g}{unit}"
            lines.append(Listed(address, "i" if each.whole else "f", span, each.sentence))
            lines.append(Listed(address + NORM, "f", "0..1", each.sentence))
        elif each.kind == "toggle":
            lines.append(Listed(address, "i", "0 or 1", each.sentence))
        elif each.kind == "choice":
            lines.append(Listed(address, "s", "a name or its place", each.sentence))
        elif each.kind == "text":
            lines.append(Listed(address, "s", "a text", each.sentence))
        else:
            lines.append(Listed(address, "", "nothing, or 1", each.sentence))
    return [*lines, Listed(REFRESH, "", "nothing", "Answer all values.")]


def _steps(parameter: Parameter, arguments: Sequence[object], address: str) -> float:
    if not arguments:
        return 1.0
    amount = _number(arguments[0], address)
    return amount / parameter.step if parameter.kind == "number" and parameter.step else amount


def _number(value: object, address: str) -> float:
    number = math.nan
    if isinstance(value, (str, int, float)):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise UsageError(f"{address} takes a finite number, not {str(value)[:40]!r}.")
    return number

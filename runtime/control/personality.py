"""What each DMX channel does: the personality that a lighting desk is told of. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..declared import Parameter, Value

Kind = Literal["fader", "knob", "fine", "number", "seconds", "over", "dark", "edge", "gate"]
HALF = 127
"""Above it a switch is on."""

FADE = 0.1
"""Seconds of one level of the channel that times recalls."""


@dataclass(frozen=True)
class Channel:
    """One slot, or two for a `fine` one. name: the parameter that it moves, where it does.

    A `fader` runs through the whole range; a `knob` and a `fine` one leave the value as it is at 0,
    so that a desk may play presets alone.
    """

    kind: Kind
    name: str
    takes: str
    sentence: str = ""

    @property
    def width(self) -> int:
        return 2 if self.kind == "fine" else 1


PERSONALITY = (
    Channel("fader", "amount", "0-255"),
    Channel("fine", "step_size", "1-65535, coarse then fine, 0 leaves it"),
    Channel("number", "preset", "1-99, 0 for none"),
    Channel("seconds", "", "0-25.5 s", "How long a recall takes that follows."),
    Channel("knob", "half_life", "1-255, 0 leaves it"),
    Channel("knob", "strength", "1-255, 0 leaves it"),
    Channel("knob", "colour", "1-255, 0 leaves it"),
    Channel("over", "freeze", "128-255 holds"),
    Channel("edge", "reset", "on the way over 127"),
    Channel("dark", "light", "128-255 is black", "Black, and back."),
    Channel("gate", "", "1-255, 0 leaves the show to others", "Whether these channels count."),
)
WIDTH = sum(each.width for each in PERSONALITY)
"""Slots of it all."""


@dataclass(frozen=True)
class Said:
    """`name` goes to `value` in `seconds`; None is its own smoothing."""

    name: str
    value: Value
    seconds: float | None = None


def starts() -> list[tuple[int, Channel]]:
    """Each channel with its first slot, from 0."""
    placed, at = [], 0
    for channel in PERSONALITY:
        placed.append((at, channel))
        at += channel.width
    return placed


def said(before: bytes, now: bytes, parameters: Mapping[str, Parameter]) -> list[Said]:
    """What the change of `WIDTH` slots from `before` to `now` says; nothing of what did not change,
    so that other hands may move it meanwhile. Where the gate opens, all of `now` counts."""
    at = {channel.kind: slot for slot, channel in starts()}
    gate, timing = at["gate"], at["seconds"]
    if not now[gate]:
        return []
    opened = not before[gate]
    wanted = []
    for slot, channel in starts():
        old, new = before[slot : slot + channel.width], now[slot : slot + channel.width]
        if old != new or (opened and channel.kind != "edge"):
            wanted += _said(channel, old, new, now[timing] * FADE, parameters)
    # A preset brings its values; what else is said in the same moment holds against them.
    return sorted(wanted, key=lambda each: each.name != "preset")


def as_markdown(parameters: Mapping[str, Parameter]) -> str:
    """The table of docs/dmx.md."""
    lines = ["| channel | moves | takes | |", "|---|---|---|---|"]
    for slot, channel in starts():
        number = f"{slot + 1}, {slot + 2}" if channel.width == 2 else str(slot + 1)
        parameter = parameters.get(channel.name)
        sentence = channel.sentence or (parameter.sentence if parameter else "")
        name = f"`{channel.name}`" if channel.name else ""
        lines.append(
            f"| {number} | {name} | {channel.takes}{_range(channel, parameter)} | {sentence} |"
        )
    return "\n".join(lines) + "\n"


def _range(channel: Channel, parameter: Parameter | None) -> str:
    if channel.kind not in ("fader", "knob", "fine") or parameter is None:
        return ""
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f": {parameter.low:g} to {parameter.high:g}{unit}"


def _said(
    channel: Channel, old: bytes, new: bytes, fade: float, parameters: Mapping[str, Parameter]
) -> list[Said]:
    name, level = channel.name, new[0]
    match channel.kind:
        case "fader":
            return [Said(name, parameters[name].at_share(level / 255))]
        case "knob" | "fine":
            steps = int.from_bytes(new) - 1
            share = steps / (256 ** len(new) - 2)
            return [Said(name, parameters[name].at_share(share))] if steps >= 0 else []
        case "number":
            return [Said(name, min(level, int(parameters[name].high)), fade)] if level else []
        case "over":
            return [Said(name, level > HALF)]
        case "dark":
            return [Said(name, 0.0 if level > HALF else 1.0)]
        case "edge":
            return [Said(name, True)] if level > HALF >= old[0] else []
        case "seconds" | "gate":
            return []

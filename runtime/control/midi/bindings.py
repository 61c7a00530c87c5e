"""What a control does: to which name of the desk, and how its values are read.

Pure functions; a learned controller is a TOML file that people edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import tomli_w

from ...declared import Parameter, Value
from ...errors import UsageError, nearest
from ..presets import check_keys, parsed, tables
from .decoder import KINDS, TOP, Control, Moved

How = Literal["absolute", "jump", "relative", "offset", "press", "hold", "say"]
HOWS: tuple[How, ...] = get_args(How)
"""absolute: 0..1 along the fader, silent until it is picked up; jump: at once. relative: steps, as
two's complement (1, 127) or with a sign (1, 65); offset: steps around 64 (65, 63). press: each
press moves by a step, turns over or fires; hold: on while it is held; say: each says `value`."""

CATCH = 2 / 127
"""How near a knob comes to where the value is to pick it up."""

_KEYS = ("control", "channel", "name", "how", "value")


@dataclass(frozen=True)
class Binding:
    """`control` plays `name`. value: what `say` says."""

    control: Control
    name: str
    how: How = "absolute"
    value: Value | None = None


@dataclass(frozen=True)
class Set:
    """Bring `name` to `value`."""

    name: str
    value: Value


@dataclass(frozen=True)
class Step:
    """Move `name` by so many of its steps."""

    name: str
    steps: float


@dataclass(frozen=True)
class Hand:
    """Where a control stood when it was last heard, and whether it has the value in hand."""

    share: float | None = None
    caught: bool = False


def picked_up(hand: Hand, share: float, value: float) -> bool:
    """Whether a knob that comes from `hand` to `share` has the value, which stands at `value`, in
    hand: near enough, or gone past it since the last message. All 0..1."""
    if hand.caught or abs(share - value) <= CATCH:
        return True
    return hand.share is not None and (hand.share - value) * (share - value) <= 0


def steps_of(raw: int, how: How) -> int:
    """By how many steps an endless knob was turned: to the right is more."""
    if how == "offset":
        return raw - 64
    if raw < 64:
        return raw
    # With a sign a turn to the left is 64 and its size; as two's complement 128 less its size.
    return raw - 128 if raw >= 96 else 64 - raw


def played(
    binding: Binding, moved: Moved, hand: Hand, parameter: Parameter, value: Value
) -> tuple[Set | Step | None, Hand]:
    """What a message does, and the control's new `hand`. value: of the parameter now; of a trigger
    anything."""
    name, share = binding.name, moved.share
    if binding.how in ("relative", "offset"):
        steps = steps_of(moved.raw, binding.how)
        return (Step(name, steps) if steps else None), hand
    if binding.how in ("absolute", "jump"):
        place = parameter.share(value)
        caught = binding.how == "jump" or picked_up(hand, share, place)
        return (Set(name, parameter.at_share(share)) if caught else None), Hand(share, caught)
    pressed = moved.raw > 0 and (moved.control.kind == "note" or share >= 0.5)
    was = hand.caught and moved.control.kind != "program"  # Which has no release.
    now = Hand(share, pressed)
    if binding.how == "hold":
        return (Set(name, pressed) if pressed != was else None), now
    if not pressed or was:
        return None, now
    if binding.how == "say" and binding.value is not None:
        return Set(name, binding.value), now
    return Step(name, 1), now


def light(binding: Binding, parameter: Parameter, value: Value) -> list[int] | None:
    """The message that shows `value` on the control, as bytes; None where it has no lamp or ring.
    A trigger goes dark, which is also what a pad needs that lights itself."""
    control = binding.control
    status = {"note": 0x90, "cc": 0xB0, "cc14": 0xB0}.get(control.kind)
    if status is None or binding.how in ("relative", "offset"):
        return None
    if binding.how == "say":
        share = float(value == binding.value)
    else:
        share = 0.0 if parameter.kind == "trigger" else parameter.share(value)
    return [status + control.channel - 1, control.number, round(share * 127)]


def parse_bindings(text: str, where: str, parameters: Mapping[str, Parameter]) -> list[Binding]:
    """Reads a controller's file. Raises UsageError with `where`, and line and column for what is no
    TOML."""
    content = parsed(text, where)
    check_keys(content, ("bind",), where, "no controller has")
    return [
        _binding(each, where, parameters) for each in tables(content.get("bind"), where, "bind")
    ]


def written(bindings: Iterable[Binding]) -> str:
    """The text that `parse_bindings` reads."""
    rows = []
    for each in bindings:
        control = each.control
        numbered = f"{control.kind} {control.number}"
        row: dict[str, Any] = {
            "control": control.kind if control.kind == "bend" else numbered,
            "channel": control.channel,
            "name": each.name,
            "how": each.how,
        }
        rows.append(row if each.value is None else {**row, "value": each.value})
    return tomli_w.dumps({"bind": rows})


def _binding(table: Mapping[str, Any], where: str, parameters: Mapping[str, Parameter]) -> Binding:
    check_keys(table, _KEYS, where, "no [[bind]] has")
    name, how, value = str(table.get("name")), table.get("how", "absolute"), table.get("value")
    if name not in parameters:
        near = nearest(name, parameters)
        raise UsageError(f"{where} binds '{name}', which is no parameter; nearest: {near}.")
    if how not in HOWS:
        raise UsageError(f"{where} has no way '{how}'; nearest: {nearest(str(how), HOWS)}.")
    if value is not None:
        value = parameters[name].clamp(value)
    kind, _, number = str(table.get("control")).partition(" ")
    channel = table.get("channel", 1)
    if kind not in KINDS or not (number or "0").isdecimal() or int(number or 0) > TOP["nrpn"]:
        raise UsageError(
            f'{where} has no control \'{table.get("control")}\'; write "cc 21", "cc14 1", '
            '"nrpn 300", "note 36", "program 0" or "bend".'
        )
    if isinstance(channel, bool) or not isinstance(channel, int) or not 1 <= channel <= 16:
        raise UsageError(f"{where} has a channel that is not 1 to 16.")
    return Binding(Control(kind, channel, int(number or 0)), name, how, value)

"""Which control a person moved to teach it, and how it speaks. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ...declared import Parameter, Value
from .bindings import Binding, How
from .decoder import TOP, Control, Moved

LISTENS = 0.5
"""Seconds, from the first message on, in which the control that moves most is the one meant: pads
send more than one thing, faders tremble."""


def learned(heard: Sequence[Moved], parameter: Parameter, value: Value | None) -> Binding | None:
    """The binding that `heard` asks for; None for nothing. value: what a press shall say."""
    by_control: dict[Control, list[Moved]] = {}
    for each in heard:
        by_control.setdefault(each.control, []).append(each)
    # The halves of a 14 bit control are no controls of their own.
    for control in [each for each in by_control if each.kind == "cc14"]:
        if len(by_control[control]) * 2 >= len(by_control.get(_cc(control, 0), [])):
            by_control.pop(_cc(control, 0), None)
            by_control.pop(_cc(control, 32), None)
        else:
            del by_control[control]
    if not by_control:
        return None
    control = max(by_control, key=lambda each: _movement(by_control[each]))
    raw = [each.raw for each in by_control[control]]
    return Binding(control, parameter.name, how_it_speaks(control, raw, parameter, value), value)


def how_it_speaks(
    control: Control, raw: Sequence[int], parameter: Parameter, value: Value | None
) -> How:
    """How a control that sent `raw` in a moment of learning plays `parameter`."""
    pressed = control.kind in ("note", "program") or set(raw) <= {0, TOP[control.kind]}
    if value is not None:
        return "say"
    if pressed or parameter.kind in ("trigger", "text"):
        return "press"
    # An endless knob says the same thing again and again; one with ends does not.
    repeats = sum(one == other for one, other in itertools.pairwise(raw))
    if control.kind == "cc" and len(raw) >= 3 and 2 * repeats >= len(raw) - 1:
        if all(1 <= each <= 8 or each >= 120 or 65 <= each <= 72 for each in raw):
            around = all(65 <= each <= 72 for each in raw)
            return "offset" if around else "relative"
        if all(56 <= each <= 72 for each in raw):
            return "offset"
    return "absolute"


def _cc(control: Control, above: int) -> Control:
    return Control("cc", control.channel, control.number + above)


def _movement(heard: Sequence[Moved]) -> float:
    """How far it went, in whole ranges; a press is one."""
    shares = [each.share for each in heard]
    if heard[0].control.kind in ("note", "program"):
        return 1.0
    steps = sum(abs(one - other) for one, other in itertools.pairwise(shares))
    return steps + 0.01 * len(shares)

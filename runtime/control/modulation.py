"""What moves a value around its base, as pure functions of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..declared import Parameter, Value

Wave = Callable[[float], float]
"""From cycles (one cycle is 1.0) to -1..1."""


@dataclass(frozen=True)
class Modulation:
    """A wave on one parameter.

    depth: the share of the parameter's range that a full swing adds, negative turns it over.
    period: seconds of a cycle. phase: cycles by which it is ahead.
    """

    name: str
    depth: float
    period: float
    wave: Wave
    phase: float = 0.0

    def at(self, time: float) -> float:
        """What it adds at `time`, in shares of the range."""
        return self.depth * self.wave(time / self.period + self.phase)


def sine(cycles: float) -> float:
    return math.sin(2 * math.pi * cycles)


def triangle(cycles: float) -> float:
    """From 0 up, as the sine."""
    return 1 - 4 * abs((cycles + 0.25) % 1 - 0.5)


def saw(cycles: float) -> float:
    """From -1 up to 1, and down at once."""
    return 2 * (cycles % 1) - 1


def square(cycles: float) -> float:
    return 1.0 if cycles % 1 < 0.5 else -1.0


def modulated(
    parameter: Parameter, base: Value, modulations: Iterable[Modulation], time: float
) -> Value:
    """`base` with the sum of what the modulations of that parameter add, inside its range."""
    parts = [each.at(time) for each in modulations if each.name == parameter.name]
    if not parts:
        return base
    return parameter.at_share(parameter.share(base) + sum(parts))

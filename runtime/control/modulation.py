"""What moves a value around its base, as pure functions of time and beats."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..declared import Parameter, Value

Wave = Callable[[float], float]
"""From cycles (one cycle is 1.0) to -1..1."""

SOUNDS = ("level", "low", "mid", "high", "onset")
"""What is heard, each 0..1, as a wave of its own; nothing where nobody listens."""

Unit = Literal["beats", "hertz"]


@dataclass(frozen=True)
class Modulation:
    """A wave on one parameter.

    depth: the share of the parameter's range that a full swing adds, negative turns it over. rate:
    beats that a cycle takes, or cycles a second. phase: cycles by which it is ahead. wave: a name
    of WAVES; or of SOUNDS, which have neither rate nor phase.
    """

    name: str
    depth: float
    rate: float = 1.0
    unit: Unit = "beats"
    wave: str = "sine"
    phase: float = 0.0

    def at(self, time: float, beats: float, heard: Mapping[str, float]) -> float:
        """What it adds at `time`, seconds, when so many beats have passed and this is heard; in
        shares of the range."""
        if self.wave in SOUNDS:
            return self.depth * heard.get(self.wave, 0.0)
        cycles = beats / self.rate if self.unit == "beats" else time * self.rate
        return self.depth * WAVES[self.wave](cycles + self.phase)


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


def decay(cycles: float) -> float:
    """Up to 1 at once, then fading to 0 as something that was struck: on the beat."""
    return math.exp(-5 * (cycles % 1))


def hold(cycles: float) -> float:
    """Another value each cycle, the same each time that it is asked for."""
    return random.Random(math.floor(cycles)).uniform(-1, 1)


WAVES: dict[str, Wave] = {
    "sine": sine,
    "triangle": triangle,
    "saw": saw,
    "square": square,
    "decay": decay,
    "random": hold,
}


@dataclass(frozen=True)
class Moves:
    """The modulations on the way from `before` to `after`, from `time` on in `seconds`."""

    before: tuple[Modulation, ...] = ()
    after: tuple[Modulation, ...] = ()
    time: float = 0.0
    seconds: float = 0.0

    def weighed(self, time: float) -> list[tuple[Modulation, float]]:
        """Those that act at `time`, and how much, 0..1."""
        passed = time - self.time
        share = (
            min(max(passed / self.seconds, 0.0), 1.0) if self.seconds > 0 else float(passed >= 0)
        )
        both = [(each, 1 - share) for each in self.before], [(each, share) for each in self.after]
        return [(each, weight) for side in both for each, weight in side if weight]


def modulated(
    parameter: Parameter,
    base: Value,
    acting: Iterable[tuple[Modulation, float]],
    time: float,
    beats: float,
    heard: Mapping[str, float],
) -> Value:
    """`base` with the sum of what the modulations of that parameter add, inside its range."""
    own = [(each, weight) for each, weight in acting if each.name == parameter.name]
    parts = [each.at(time, beats, heard) * weight for each, weight in own]
    if not parts:
        return base
    return parameter.at_share(parameter.share(base) + sum(parts))

"""How a parameter is declared: once, beside what it does; every surface derives from that."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal

from .errors import UsageError, nearest

Value = float | bool | str
"""A number (an int where the parameter is whole), a toggle's state, a choice's name or a text."""

Kind = Literal["number", "choice", "toggle", "trigger", "text"]
Curve = Literal["linear", "log"]
Cost = Literal["instant", "prepared"]

STEEPNESS = 1000
"""How much finer the low end of a `log` parameter is than its high end, along a fader."""


INITIALS = {"hud", "l2", "tv"}
"""Words of names that are letters: people read them in capitals."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One thing that can be played.

    low, high, step, unit: of a number; `step` is how far a key moves it. curve: how a fader of 0..1
    and a fade run through the range; `log` is fine at its low end. smoothing: seconds in which a
    new value is reached where nobody says how long. cost: whether it takes effect with the next
    frame or needs a session to be opened. check: of a text, its proper form; raises UsageError.
    blend: of a text, the one on the way between two.
    """

    name: str
    kind: Kind
    sentence: str
    default: Value
    low: float = 0.0
    high: float = 1.0
    step: float = 0.0
    unit: str = ""
    whole: bool = False
    curve: Curve = "linear"
    smoothing: float = 0.0
    group: str = "dream"
    cost: Cost = "instant"
    choices: tuple[str, ...] = ()
    check: Callable[[str], str] | None = None
    blend: Callable[[str, str, float], str] | None = None

    @property
    def label(self) -> str:
        """Its name for people."""
        words = self.name.split("_")
        return " ".join(word.upper() if word in INITIALS else word for word in words)

    def clamp(self, value: object) -> Value:
        """The nearest value there is: numbers stay in the range, 0.5 and above switches a toggle.

        A choice may be given by its place among the choices. Raises UsageError for what has no
        nearest: text for a number, NaN, a name that is no choice.
        """
        if self.kind == "text":
            text = str(value)
            return self.check(text) if self.check else text
        if self.kind == "choice" and isinstance(value, str):
            if value not in self.choices:
                names = nearest(value, self.choices)
                raise UsageError(f"There is no {self.label} '{value}'; nearest: {names}.")
            return value
        number = self._number(value)
        if self.kind == "choice":
            return self.choices[round(min(max(number, 0), len(self.choices) - 1))]
        if self.kind != "number":
            return number >= 0.5
        number = min(max(number, self.low), self.high)
        return round(number) if self.whole else number

    def moved(self, value: Value, direction: float) -> Value:
        """`value` one step up (direction 1) or down (-1), on multiples of the step, and at the
        ends of the range the end itself. Toggles turn over, choices go around."""
        if self.kind == "toggle":
            return not value
        if self.kind == "trigger":
            return True
        if self.kind == "choice":
            place = self.choices.index(str(value)) + round(direction)
            return self.choices[place % len(self.choices)]
        if self.kind == "text":
            raise UsageError(f"{self.label} is a text; say all of it.")
        # To the grid first, so that neither sums of steps nor an odd start leave crooked values.
        steps = float(value) / self.step
        whole = round(steps)
        if abs(steps - whole) > 1e-6:
            whole = int(steps // 1) + (direction < 0)
        return self.clamp(round((whole + direction) * self.step, 9))

    def share(self, value: Value) -> float:
        """Where `value` stands between the ends, 0..1 along the curve; the place of a choice."""
        if self.kind == "choice":
            return self.choices.index(str(value)) / max(1, len(self.choices) - 1)
        if self.kind != "number":
            return float(bool(value))
        part = (float(value) - self.low) / (self.high - self.low)
        if self.curve == "log":
            return math.log1p(part * (STEEPNESS - 1)) / math.log(STEEPNESS)
        return part

    def at_share(self, share: float) -> Value:
        """The value that stands at `share`, 0..1; beyond, the ends. What `share` undoes."""
        share = min(max(share, 0.0), 1.0)
        if self.kind == "choice":
            return self.clamp(share * (len(self.choices) - 1))
        if self.kind != "number":
            return share >= 0.5
        if self.curve == "log":
            share = (STEEPNESS**share - 1) / (STEEPNESS - 1)
        return self.clamp(self.low + share * (self.high - self.low))

    def _number(self, value: object) -> float:
        try:
            number = float(value)  # pyright: ignore[reportArgumentType]
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if math.isnan(number):
            raise UsageError(f"'{value}' is no number for {self.label}.")
        return number


def number(
    default: float, sentence: str, *, low: float, high: float, step: float, **more: Any
) -> Any:
    """Declares a field of a dataclass as a number; `more` as of `Parameter`. A field that is
    annotated `int` holds whole numbers."""
    return _field(Parameter("", "number", sentence, default, low, high, step, **more))


def toggle(default: bool, sentence: str, **more: Any) -> Any:
    """Declares a field of a dataclass as something that is on or off."""
    return _field(Parameter("", "toggle", sentence, default, **more))


def choice(default: str, choices: tuple[str, ...], sentence: str, **more: Any) -> Any:
    """Declares a field of a dataclass as one of several names."""
    return _field(Parameter("", "choice", sentence, default, choices=choices, **more))


def declared(group: type) -> tuple[Parameter, ...]:
    """The parameters that the fields of the dataclass `group` declare."""
    return tuple(
        dataclasses.replace(
            field.metadata["parameter"], name=field.name, whole=field.type in ("int", int)
        )
        for field in dataclasses.fields(group)
    )


def _field(parameter: Parameter) -> Any:
    return dataclasses.field(default=parameter.default, metadata={"parameter": parameter})

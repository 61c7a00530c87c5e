"""What is dreamt: a weighted sum over layers and channels, written `a*0.7+b:12`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError, nearest

TERM = re.compile(r"(?P<layer>[A-Za-z_]\w*)(:(?P<channel>\d+))?(\*(?P<weight>[-+]?[\d.]+))?")


@dataclass(frozen=True)
class Term:
    """One layer, or one channel of it, and its weight in the sum."""

    layer: str
    channel: int | None = None
    weight: float = 1.0

    def __str__(self) -> str:
        channel = "" if self.channel is None else f":{self.channel}"
        return f"{self.layer}{channel}" + ("" if self.weight == 1 else f"*{self.weight:g}")


@dataclass(frozen=True)
class Objective:
    """The sum that a step climbs."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return "+".join(map(str, self.terms))

    @property
    def layers(self) -> list[str]:
        """The layers it needs, each once, in the order written."""
        return list(dict.fromkeys(term.layer for term in self.terms))


def parse_objective(text: str) -> Objective:
    """Read `inception4c`, `inception4c:412` or `inception4c*0.7+inception3b`.

    Raises UsageError for anything else.
    """
    terms = []
    for part in text.replace(" ", "").split("+"):
        match = TERM.fullmatch(part)
        weight = 1.0
        if match and match["weight"]:
            try:
                weight = float(match["weight"])
            except ValueError:
                match = None
        if not match:
            raise UsageError(
                f"'{text}' is no sum of layers; write `inception4c`, `inception4c:412` for one "
                "channel, or `inception4c*0.7+inception3b` for a mix."
            )
        channel = None if match["channel"] is None else int(match["channel"])
        terms.append(Term(match["layer"], channel, weight))
    return Objective(tuple(terms))


def check_objective(objective: Objective, layers: dict[str, int]) -> None:
    """Raise UsageError for a layer not in `layers` (name -> channels) or a channel not in it."""
    for term in objective.terms:
        channels = layers.get(term.layer)
        if channels is None:
            raise UsageError(
                f"There is no layer '{term.layer}' here; nearest: {nearest(term.layer, layers)}."
            )
        if term.channel is not None and term.channel >= channels:
            raise UsageError(f"{term.layer} has channels 0 to {channels - 1}, not {term.channel}.")


def steering(objective: Objective, layers: dict[str, int]) -> dict[str, np.ndarray]:
    """The graph's `<layer>.square` and `<layer>.linear` inputs, float32 [channels] each.

    A whole layer is squared, the notebook's objective; one channel is linear, its mean over the
    positions. Tapped layers that the objective does not name get zeros.
    """
    check_objective(objective, layers)
    inputs = {
        f"{layer}.{kind}": np.zeros(channels, np.float32)
        for layer, channels in layers.items()
        for kind in ("square", "linear")
    }
    for term in objective.terms:
        if term.channel is None:
            inputs[f"{term.layer}.square"] += term.weight
        else:
            # The graph averages over channels; one channel alone shall count as a whole.
            inputs[f"{term.layer}.linear"][term.channel] += term.weight * layers[term.layer]
    return inputs

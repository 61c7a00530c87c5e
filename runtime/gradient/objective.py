"""What is dreamt: a weighted sum over layers, channels and places, written `a*0.7+b:12@center`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...export.catalogue import PLACES
from ..errors import UsageError, nearest
from .classes import CLASSES, class_number

NUMBER = r"(\d+\.?\d*|\.\d+)(e[-+]?\d+)?"
TERM = re.compile(
    rf"\s*(?P<sign>[-+])?\s*((?P<factor>{NUMBER})\s*\*\s*)?(?P<layer>[a-z_]\w*)\s*"
    # A class may be named; the sign in its name stands between letters, that of a sum does not.
    r"(:\s*(?P<channel>\d+|[a-z]([a-z'. ]|(?<=[a-z'])-(?=[a-z]))*))?\s*"
    r"(@\s*(?P<at>center|match|guide[1-8]?)\s*)?"
    rf"(\*\s*(?P<weight>[-+]?{NUMBER})\s*)?",
    re.IGNORECASE | re.ASCII,
)

LARGEST = 1e6
"""Size of a weight, either sign: beyond it float32 gradients lose their digits to one term."""

MOST_GUIDES = 8
"""Pictures that can guide a dream."""

Part = tuple[str, int | None, str]
"""A layer, the channel of it or None for the whole, and the place, see `Term`."""


@dataclass(frozen=True)
class Term:
    """One layer, or one channel of it, and its weight in the sum.

    at: empty for all positions; `center` for the middle one, where a channel is one neuron;
    `guide1` and so on for the direction of a guide's features; `match` for the features of the
    guides that resemble each position most.
    Raises UsageError for a weight that is no finite number of size LARGEST or less, and for one
    channel of a guide.
    """

    layer: str
    channel: int | None = None
    weight: float = 1.0
    at: str = ""

    def __post_init__(self) -> None:
        if not abs(self.weight) <= LARGEST:
            raise UsageError(
                f"{self.layer} cannot have the weight {self.weight:g}; weights go from "
                f"{-LARGEST:,.0f} to {LARGEST:,.0f}."
            )
        if self.channel is not None and self.guided:
            raise UsageError(f"A guide needs all of {self.layer}; leave :{self.channel} away.")

    def __str__(self) -> str:
        channel = "" if self.channel is None else f":{self.channel}"
        channel += f"@{self.at}" if self.at else ""
        weight = repr(float(self.weight)).removesuffix(".0")
        return f"{self.layer}{channel}" + ("" if self.weight == 1 else f"*{weight}")

    @property
    def guided(self) -> bool:
        """Whether it needs a guide."""
        return self.at not in ("", "center")

    @property
    def tap(self) -> str:
        """What a graph has to tap for it: the layer, or a place of it."""
        return f"{self.layer}@{self.at}" if self.at in PLACES else self.layer


@dataclass(frozen=True)
class Objective:
    """The sum that a step climbs. Objectives add and scale; `lerp` leads from one to another.

    Its text, `str(objective)`, is what `parse_objective` reads back exactly.
    """

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return "+".join(map(str, self.terms))

    def __add__(self, other: Objective) -> Objective:
        """Both at once. What both name becomes one term."""
        mine, others = self.weights(), other.weights()
        return _objective({part: mine.get(part, 0) + others.get(part, 0) for part in mine | others})

    def __mul__(self, factor: float) -> Objective:
        """Every weight times `factor`. Raises UsageError where one becomes too large."""
        return Objective(tuple(replace(term, weight=term.weight * factor) for term in self.terms))

    __rmul__ = __mul__

    @property
    def layers(self) -> list[str]:
        """The layers it names, each once, in the order written."""
        return list(dict.fromkeys(term.layer for term in self.terms))

    @property
    def taps(self) -> list[str]:
        """What a graph has to tap for it, each once, in the order written."""
        return list(dict.fromkeys(term.tap for term in self.terms))

    def weights(self) -> dict[Part, float]:
        """The weight of every part that it names."""
        weights: dict[Part, float] = {}
        for term in self.terms:
            part = term.layer, term.channel, term.at
            weights[part] = weights.get(part, 0) + term.weight
        return weights


def lerp(start: Objective, end: Objective, share: float) -> Objective:
    """The objective on the way from `start` (share 0) to `end` (share 1), weight by weight.

    The ends are the objectives themselves, without what has faded out.
    """
    if share <= 0:
        return start
    if share >= 1:
        return end
    before, after = start.weights(), end.weights()
    return _objective(
        {
            part: before.get(part, 0) + share * (after.get(part, 0) - before.get(part, 0))
            for part in before | after
        }
    )


def _objective(weights: dict[Part, float]) -> Objective:
    return Objective(
        tuple(Term(layer, channel, weight, at) for (layer, channel, at), weight in weights.items())
    )


def guided(objective: Objective, place: float, guides: int) -> Objective:
    """`objective` on its way along so many guides: itself at `place` 0, its whole layers in the
    direction of the first guide at 1, of the second at 2, and a morph of two between them. Beyond
    the last guide nothing changes any more; channels and places stay as they are."""
    place = min(max(place, 0.0), guides)
    first, share = int(place), place - int(place)

    def at(number: int) -> Objective:
        towards = f"guide{number}" if number else ""
        return Objective(
            tuple(
                replace(term, at=towards) if term.channel is None and not term.at else term
                for term in objective.terms
            )
        )

    return lerp(at(first), at(first + 1), share) if share else at(first)


def unguided(objective: Objective) -> Objective:
    """`objective` as if nothing guided it."""
    return Objective(
        tuple(replace(term, at="" if term.guided else term.at) for term in objective.terms)
    ) + Objective(())


def matched(objective: Objective) -> Objective:
    """`objective` with its whole layers matched to the guides, position by position."""
    return Objective(
        tuple(
            replace(term, at="match") if term.channel is None and not term.at else term
            for term in objective.terms
        )
    )


def at_layer(objective: Objective, layer: str, layers: Mapping[str, int]) -> Objective:
    """`objective` with its first term moved to `layer`; the other terms stay.

    A term for one channel stays one: of the same number, or the last that `layer` has. `layers`
    maps names to channels. Raises UsageError for a layer that is not among them.
    """
    first, *rest = objective.terms
    if layer not in layers:
        raise UsageError(f"There is no layer '{layer}' here; nearest: {nearest(layer, layers)}.")
    channel = None if first.channel is None else min(first.channel, layers[layer] - 1)
    return Objective((replace(first, layer=layer, channel=channel), *rest))


def at_channel(objective: Objective, channel: int | None, layers: Mapping[str, int]) -> Objective:
    """`objective` with its first term for `channel` of its layer; None is the whole layer.

    A channel beyond the layer's last becomes the last.
    """
    first, *rest = objective.terms
    if channel is not None:
        channel = min(max(channel, 0), layers[first.layer] - 1)
        first = replace(first, at=first.at if first.at == "center" else "")
    return Objective((replace(first, channel=channel), *rest))


def parse_objective(text: str) -> Objective:
    """Read `inception4c`, `inception4c:412`, `inception4c:412@center`, `logits:siamese cat`, or a
    sum of those with weights, `inception4c*0.7 + inception3b - 0.5*logits:tench`.

    Raises UsageError for anything else, for a class that there is not, and for weights that no sum
    can bear.
    """
    terms, place = [], 0
    while place < len(text) or not terms:
        match = TERM.match(text, place)
        if not match or match["sign"] not in (("+", "-") if terms else (None, "-")):
            raise UsageError(
                f"'{text}' is no sum of layers; write `inception4c`, `inception4c:412` for one "
                "channel, or `inception4c*0.7+inception3b` for a mix."
            )
        weight = float(match["factor"] or 1) * float(match["weight"] or 1)
        channel = _channel(match["layer"], match["channel"])
        at = (match["at"] or "").lower()
        at = "guide1" if at == "guide" else at
        weight = -weight if match["sign"] == "-" else weight
        terms.append(Term(match["layer"], channel, weight, at))
        place = match.end()
    return Objective(tuple(terms))


def _channel(layer: str, text: str | None) -> int | None:
    """The number that is meant: itself, or that of a class."""
    if text is None or text.isdigit():
        return None if text is None else int(text)
    if layer != CLASSES:
        raise UsageError(f"The channels of {layer} have no names; only those of {CLASSES} do.")
    return class_number(text.strip())


def check_objective(objective: Objective, layers: Mapping[str, int]) -> None:
    """Raise UsageError for a layer not in `layers` (name -> channels) or a channel not in it."""
    for term in objective.terms:
        channels = layers.get(term.layer)
        if channels is None:
            raise UsageError(
                f"There is no layer '{term.layer}' here; nearest: {nearest(term.layer, layers)}."
            )
        if term.channel is not None and term.channel >= channels:
            raise UsageError(f"{term.layer} has channels 0 to {channels - 1}, not {term.channel}.")

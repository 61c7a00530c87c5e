"""Parameters that stand for others: a recipe for its values, a layer for a term of the sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

from ..declared import Value
from ..gradient.objective import Objective, Term, at_channel, at_layer, parse_objective
from .recipes import RECIPES

Values = Mapping[str, Value]

_parsed = lru_cache(256)(parse_objective)


@dataclass(frozen=True)
class Link:
    """What saying a parameter does to others.

    write: the values that change, from what was said and all values as they stand. read: its own
    value, from all others; None where it keeps one.
    """

    write: Callable[[Value, Values], Mapping[str, Value]]
    read: Callable[[Values], Value] | None = None


def links(layers: Mapping[str, int]) -> dict[str, Link]:
    """By name, for a network with `layers`, name -> channels."""

    def recipe(name: Value, values: Values) -> Mapping[str, Value]:
        return {"recipe": name, **asdict(RECIPES[str(name)].dream)}

    def layer(name: Value, values: Values) -> Mapping[str, Value]:
        return {"layers": str(at_layer(_objective(values), str(name), layers))}

    def channel(number: Value, values: Values) -> Mapping[str, Value]:
        wanted = None if int(number) < 0 else int(number)
        return {"layers": str(at_channel(_objective(values), wanted, layers))}

    return {
        "recipe": Link(recipe),
        "layer": Link(layer, lambda values: _first(values).layer),
        "channel": Link(channel, lambda values: _channel(_first(values).channel)),
    }


def _objective(values: Values) -> Objective:
    return _parsed(str(values["layers"]))


def _first(values: Values) -> Term:
    return _objective(values).terms[0]


def _channel(channel: int | None) -> int:
    return -1 if channel is None else channel

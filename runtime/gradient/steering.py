"""What a graph is told to climb: the values of its inputs that make an objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...export.catalogue import PLACES
from ..errors import UsageError
from .objective import Objective, Part, Term, check_objective

Typical = Mapping[str, tuple[float, float]]
"""Of each tap, the size of the gradient of all of it, and of one channel."""


def balanced(objective: Objective, typical: Typical) -> dict[Part, float]:
    """The weight of every part, over the typical gradient of what it weighs and times their mean.

    One part alone keeps its weight, and so do all where one of the typical gradients is not known.
    """
    weights = objective.weights()
    sizes = {part: _size(Term(part[0], part[1], at=part[2]), typical) for part in weights}
    whole = sum(map(abs, weights.values()))
    if len(weights) < 2 or not whole or not all(sizes.values()):
        return weights
    mean = sum(abs(weight) * sizes[part] for part, weight in weights.items()) / whole
    return {part: weight * mean / sizes[part] for part, weight in weights.items()}


def _size(term: Term, typical: Typical) -> float:
    # A guide is a direction, as a channel is one.
    one = term.channel is not None or term.at.startswith("guide")
    return typical.get(term.tap, (0.0, 0.0))[one]


@dataclass(frozen=True, eq=False)
class Guides:
    """What pictures that guide a dream look like to the layers of one graph.

    photos: their files.
    directions: of every layer, one float32 [channels] of length 1 for each picture, how the mean of
    its features differs from that of a picture of nothing. features: of every layer that is
    matched, those of all positions of all pictures, float32 [channels * positions].
    """

    photos: tuple[str, ...]
    directions: Mapping[str, Sequence[np.ndarray]]
    features: Mapping[str, np.ndarray]


def steering(
    objective: Objective,
    layers: Mapping[str, int],
    typical: Typical | None = None,
    guides: Guides | None = None,
) -> dict[str, np.ndarray]:
    """The graph's `<layer>.square` and `<layer>.linear` inputs, float32 [channels] each, and
    `<layer>.guide` of what is matched.

    A whole layer is squared, the notebook's objective; one channel is linear, its mean over the
    positions, and so is a guide, its channels weighed by its direction. Tapped layers that the
    objective does not name get zeros. Where the `typical` gradients are known, the terms of a mix
    move the picture as far as their weights say.

    Raises as `check_objective` does, UsageError also for what the graph does not tap and for a
    guide that there is not.
    """
    check_objective(objective, layers)
    inputs = {
        f"{layer}.{kind}": np.zeros(channels, np.float32)
        for layer, channels in layers.items()
        for kind in ("square", "linear")
    }
    for layer, channels in layers.items():
        if layer.endswith("@match"):
            nothing = np.zeros(channels, np.float32)
            inputs[f"{layer}.guide"] = guides.features[layer] if guides else nothing
    for (layer, channel, at), weight in balanced(objective, typical or {}).items():
        tap = f"{layer}@{at}" if at in PLACES else layer
        if tap not in layers:
            raise UsageError(f"This graph does not tap {tap}; export one with --layers {tap}.")
        # The graph averages over channels; one channel, or direction, shall count as a whole.
        if channel is not None:
            inputs[f"{tap}.linear"][channel] += weight * layers[tap]
        elif at.startswith("guide"):
            inputs[f"{tap}.linear"] += weight * layers[tap] * _direction(guides, layer, at)
        else:
            kind = "linear" if at == "match" else "square"
            inputs[f"{tap}.{kind}"] += weight
    return inputs


def _direction(guides: Guides | None, layer: str, at: str) -> np.ndarray:
    number, count = int(at.removeprefix("guide")), len(guides.photos) if guides else 0
    if guides is None or number > count:
        raise UsageError(f"There is no guide {number}; --guide names {count or 'no'} photos.")
    return guides.directions[layer][number - 1]

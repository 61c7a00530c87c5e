"""The built-in looks: presets that were judged by eye, each a file in looks/.

They are written for EfficientNet-Lite0; for another network their layers are those at the same
depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...export.catalogue import EFFICIENTNET_LITE0
from ..gradient.objective import Objective, Term, parse_objective
from .parameters import parameters
from .presets import Preset, read_preset

FOLDER = Path(__file__).parent / "looks"
WRITTEN_FOR = {layer.name: layer.channels for layer in EFFICIENTNET_LITE0.layers}


def looks(layers: Mapping[str, int]) -> dict[int, Preset]:
    """By number, for a network with `layers`, name -> channels."""
    declared = parameters(WRITTEN_FOR)
    found = {}
    for number, path in enumerate(sorted(FOLDER.glob("*.toml")), 1):
        preset = read_preset(path, declared)
        objective = at_depth(parse_objective(str(preset.values["layers"])), layers)
        found[number] = replace(preset, values={**preset.values, "layers": str(objective)})
    return found


def at_depth(objective: Objective, layers: Mapping[str, int]) -> Objective:
    """`objective`, written for EfficientNet-Lite0, in a network with `layers`: where that lacks one
    of them, the layer that lies as deep in it, and of its channels the same number or the last."""
    return Objective(tuple(_at_depth(term, layers) for term in objective.terms))


def _at_depth(term: Term, layers: Mapping[str, int]) -> Term:
    layer = term.layer
    if layer not in layers:
        written, names = list(WRITTEN_FOR), list(layers)
        layer = names[round(written.index(layer) / (len(written) - 1) * (len(names) - 1))]
    channel = None if term.channel is None else min(term.channel, layers[layer] - 1)
    return replace(term, layer=layer, channel=channel)

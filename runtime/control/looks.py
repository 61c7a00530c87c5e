"""The built-in looks: presets that were judged by eye, each a file in looks/, eight for each of two
networks.

What a channel is like ends with the weights that it was seen in, so networks whose weights are
several play whole layers alone. For other networks the layers are those as deep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...export.catalogue import EFFICIENTNET_LITE0, INCEPTION_V3, MODELS, Model
from ..gradient.objective import Objective, Term, parse_objective
from .parameters import parameters
from .presets import Preset, read_preset

FOLDER = Path(__file__).parent / "looks"
WRITTEN_FOR = (EFFICIENTNET_LITE0, INCEPTION_V3)
"""The networks whose looks were judged; those of the last serve for all others."""


def looks(layers: Mapping[str, int]) -> dict[int, Preset]:
    """By number, for a network with `layers`, name -> channels."""
    written = _written_for(layers)
    declared = parameters(named(written))
    found = {}
    for number, path in _files(written).items():
        preset = read_preset(path, declared)
        objective = at_depth(parse_objective(str(preset.values["layers"])), written, layers)
        found[number] = replace(preset, values={**preset.values, "layers": str(objective)})
    return found


def pictures(layers: Mapping[str, int]) -> dict[int, Path]:
    """The files of how they look, by number; none for a network whose looks nobody judged, where
    they look otherwise. `python docs/pictures.py --only looks --model MODEL` makes them, of the
    demo scene."""
    written = _written_for(layers)
    if layers.keys() - {*written.layer_names}:
        return {}
    files = _files(written)
    return {number: path.with_suffix(".jpg") for number, path in files.items()}


def _written_for(layers: Mapping[str, int]) -> Model:
    own = layers.keys() - {"logits"}  # Every network has them.
    return next((model for model in WRITTEN_FOR if own & {*model.layer_names}), INCEPTION_V3)


def _files(written: Model) -> dict[int, Path]:
    return dict(enumerate(sorted((FOLDER / written.name).glob("*.toml")), 1))


def at_depth(objective: Objective, written: Model, layers: Mapping[str, int]) -> Objective:
    """`objective`, written for a network, in one with `layers`: where that lacks one of them, the
    layer that lies as deep in it, and of its channels the same number or the last.

    As deep among the layers of the looks, its bank, where it is a network that has one.
    """
    return Objective(tuple(_at_depth(term, written, layers) for term in objective.terms))


def named(model: Model) -> dict[str, int]:
    """Its layers, name -> channels."""
    return {layer.name: layer.channels for layer in model.layers}


def _at_depth(term: Term, written: Model, layers: Mapping[str, int]) -> Term:
    layer = term.layer
    if layer not in layers:
        known, names = written.layer_names, tuple(layers)
        banks = [model.bank for model in MODELS.values() if layers.keys() >= {*model.bank}]
        if banks and layer in written.bank:
            known, names = written.bank, banks[0]
        layer = names[round(known.index(layer) / (len(known) - 1) * (len(names) - 1))]
    channel = None if term.channel is None else min(term.channel, layers[layer] - 1)
    return replace(term, layer=layer, channel=channel)

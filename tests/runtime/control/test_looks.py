from __future__ import annotations

from livedream.export.catalogue import MODELS
from livedream.runtime.control.looks import WRITTEN_FOR, at_depth, looks
from livedream.runtime.control.parameters import parameters
from livedream.runtime.gradient.objective import check_objective, parse_objective


def test_eight_looks_stand_on_the_keys_and_are_whole_and_different():
    found = looks(WRITTEN_FOR)
    assert list(found) == list(range(1, 9))
    assert len({preset.name for preset in found.values()}) == 8
    assert len({str(sorted(preset.values.items())) for preset in found.values()}) == 8
    # Each begins with a recipe: what was played before leaves nothing behind.
    assert all("recipe" in preset.values for preset in found.values())
    assert found[3].values["layers"] == "block9:6"


def test_every_network_has_them_at_the_same_depth():
    for model in MODELS.values():
        layers = {layer.name: layer.channels for layer in model.layers}
        for preset in looks(layers).values():
            check_objective(parse_objective(str(preset.values["layers"])), layers)
    layers = {"first": 3, "middle": 5, "last": 4}
    deep = at_depth(parse_objective("logits"), layers)
    assert str(deep) == "last"
    assert str(at_depth(parse_objective("stem*0.5+block9:102"), layers)) == "first*0.5+middle:4"


def test_what_a_network_has_is_taken_as_it_is():
    written = parse_objective("block9:3")
    assert at_depth(written, {"a": 1, "block9": 4, "b": 1}) == written
    assert str(at_depth(written, {"block9": 2, "b": 1})) == "block9:1"


def test_they_are_played_by_any_desk():
    layers = {"a": 4, "b": 6}
    declared = parameters(layers)
    for preset in looks(layers).values():
        for name, value in preset.values.items():
            assert declared[name].clamp(value) == value

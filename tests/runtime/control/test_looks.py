from __future__ import annotations

import cv2
import pytest

from livedream.export.catalogue import EFFICIENTNET_LITE0, INCEPTION_V3, MODELS
from livedream.runtime.control.looks import WRITTEN_FOR, at_depth, looks, named
from livedream.runtime.control.parameters import parameters
from livedream.runtime.control.shelf import Looks
from livedream.runtime.gradient.objective import check_objective, parse_objective


@pytest.mark.parametrize("model", WRITTEN_FOR, ids=lambda model: model.name)
def test_eight_looks_stand_on_the_keys_and_are_whole_and_different(model):
    found = looks(named(model))
    assert list(found) == list(range(1, 9))
    assert len({preset.name for preset in found.values()}) == 8
    assert len({str(sorted(preset.values.items())) for preset in found.values()}) == 8
    # Each begins with a recipe: what was played before leaves nothing behind.
    assert all("recipe" in preset.values for preset in found.values())
    first = parse_objective(str(found[1].values["layers"]))
    assert tuple(first.layers) == model.default_layers


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_every_network_plays_them_from_its_bank(model):
    """A recall opens nothing, and a channel is asked for only of the weights it was seen in."""
    for preset in looks(named(model)).values():
        objective = parse_objective(str(preset.values["layers"]))
        check_objective(objective, named(model))
        assert set(objective.layers) <= {*model.bank}
        channels = {term.channel for term in objective.terms}
        assert channels == {None} or model is EFFICIENTNET_LITE0


def test_a_network_without_a_bank_plays_the_layers_that_are_as_deep():
    layers = {"first": 3, "middle": 5, "last": 4}
    lite = EFFICIENTNET_LITE0
    assert str(at_depth(parse_objective("logits"), lite, layers)) == "last"
    deep = at_depth(parse_objective("stem*0.5+block9:102"), lite, layers)
    assert str(deep) == "first*0.5+middle:4"
    assert looks(layers)[3].name == looks(named(INCEPTION_V3))[3].name


def test_what_a_network_has_is_taken_as_it_is():
    written = parse_objective("block9:3")
    lite = EFFICIENTNET_LITE0
    assert at_depth(written, lite, {"a": 1, "block9": 4, "b": 1}) == written
    assert str(at_depth(written, lite, {"block9": 2, "b": 1})) == "block9:1"


def test_they_are_played_by_any_desk():
    layers = {"a": 4, "b": 6}
    declared = parameters(layers)
    for preset in looks(layers).values():
        for name, value in preset.values.items():
            assert declared[name].clamp(value) == value


@pytest.mark.parametrize("model", WRITTEN_FOR, ids=lambda model: model.name)
def test_a_look_has_a_picture_until_something_else_stands_there(model):
    shelf = Looks(named(model))
    paths = [shelf.thumbnail(number) for number in shelf.presets]
    assert None not in paths
    sizes = {cv2.imread(str(path)).shape for path in paths}
    assert sizes == {(180, 240, 3)}
    shelf.keep(3, shelf.presets[4], None)
    assert shelf.thumbnail(3) is None
    assert shelf.thumbnail(99) is None


def test_a_network_whose_looks_nobody_judged_shows_no_other_ones_pictures():
    shelf = Looks(named(MODELS["googlenet"]))
    assert [shelf.thumbnail(number) for number in shelf.presets] == [None] * 8

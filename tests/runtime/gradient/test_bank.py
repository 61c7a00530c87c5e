"""A file that taps several layers plays each of them, and what lies between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.network import Network, Request
from livedream.runtime.gradient.objective import lerp, parse_objective
from livedream.runtime.gradient.steering import steering

from ...export.conftest import smooth_image

LITE = MODELS["efficientnet_lite0"]
LAYERS = {layer.name: layer.channels for layer in LITE.layers}


def network(**request: object) -> Network:
    return Network(LITE.name, LAYERS, None, Request(**request))


def test_what_is_played_is_tapped_beside_the_bank():
    lite = network()
    assert lite.taps(parse_objective("block9:6+block2*0.5")) == LITE.bank
    inside = lite.taps(parse_objective("block1+block14"))
    assert inside == ("block1", *LITE.bank, "block14")


@pytest.fixture(scope="module")
def bank(exported: Callable[..., Path]):
    """The graph of the bank with random weights, and a session that runs it."""
    ort = pytest.importorskip("onnxruntime")
    path = exported(LITE.bank)
    return read_graph(path), ort.InferenceSession(path, providers=["CPUExecutionProvider"])


def climbed(bank, objective, image: np.ndarray) -> tuple[np.ndarray, float]:
    """Gradient and objective."""
    graph, session = bank
    fed = {"image": image, **steering(objective, graph.layers)}
    gradient, value = session.run(["gradient", "objective"], fed)
    return gradient, float(value)


def test_layers_are_in_the_networks_order_and_each_plays_as_in_a_file_of_its_own(bank, exported):
    ort = pytest.importorskip("onnxruntime")
    graph, _ = bank
    assert list(graph.layers.items()) == [(name, LAYERS[name]) for name in LITE.bank]
    image = smooth_image(90, 120, seed=1)
    for text in ("block5", "block9:6"):
        objective = parse_objective(text)
        path = exported(objective.layers[0])
        alone = read_graph(path), ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        expected, value = climbed(alone, objective, image)
        gradient, here = climbed(bank, objective, image)
        assert here == pytest.approx(value, rel=1e-5)
        assert np.linalg.norm(gradient - expected) <= 1e-4 * np.linalg.norm(expected)


def test_a_morph_from_layer_to_layer_has_no_step(bank):
    start, end = parse_objective("block5"), parse_objective("block9:6*2+block2*0.5")
    image = smooth_image(90, 120, seed=2)
    shares = np.linspace(0, 1, 11)
    whole = [climbed(bank, lerp(start, end, share), image) for share in shares]
    values = [value for _, value in whole]
    straight = values[0] + shares * (values[-1] - values[0])
    assert values == pytest.approx(straight.tolist(), rel=1e-4)
    (first, _), (last, _) = whole[0], whole[-1]
    for share, (gradient, _) in zip(shares, whole, strict=True):
        expected = (1 - share) * first + share * last
        assert np.linalg.norm(gradient - expected) <= 1e-3 * np.linalg.norm(expected)

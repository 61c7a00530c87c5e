"""Which network is meant, and which graph is asked for; nothing is exported."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient import network as module
from livedream.runtime.gradient.exporting import key_of
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.network import Request, find_network
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.store.graph_cache import GraphRequest, graph_path, keep_graph

from ..toy_graph import write_toy


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def said():
    return []


@pytest.fixture
def toy(tmp_path) -> Path:
    return write_toy(tmp_path / "toy.onnx")


def test_a_plain_request_asks_for_whatever_is_there():
    assert Request() == Request("auto", None, "auto", "auto", 0)


@pytest.mark.parametrize(
    ("model", "layers", "found"),
    [
        ("googlenet", None, "googlenet"),
        ("auto", "inception4c", "googlenet"),
        ("auto", "Mixed_6b*2+Mixed_5b:3", "inception_v3"),
        ("auto", "block5", "efficientnet_lite0"),
        ("auto", "logits:3", "efficientnet_lite0"),
        ("auto", None, "efficientnet_lite0"),
    ],
)
def test_the_network_is_named_or_known_by_its_layers(model, layers, found, said):
    network = find_network(Request(model), layers, said.append)
    assert network.model == found
    assert network.layers == {layer.name: layer.channels for layer in MODELS[found].layers}
    assert network.graph is None
    assert len(said) == (model == "auto" and layers in (None, "logits:3"))


def test_of_several_that_have_a_layer_the_one_whose_graph_is_there(said):
    layers = MODELS["inception_v3"].with_bank(("logits",))
    graph_path(key_of(GraphRequest("inception_v3", layers))).write_bytes(b"a graph")
    assert find_network(Request(), "logits", said.append).model == "inception_v3"
    assert find_network(Request(), None, said.append).model == "efficientnet_lite0"


def test_what_no_network_has_is_told_with_what_is_near(said):
    with pytest.raises(UsageError, match=r"no model 'gogglenet'; nearest: googlenet"):
        find_network(Request("gogglenet"), None, said.append)
    with pytest.raises(UsageError, match=r"No model has a layer 'inception4z'; nearest: inc"):
        find_network(Request(), "inception4c+inception4z", said.append)
    with pytest.raises(LivedreamError):
        find_network(Request(), "Mixed_6b*", said.append)


def test_an_objective_is_the_one_asked_for_or_the_models_own(said):
    network = find_network(Request("googlenet"), None, said.append)
    assert network.objective("conv3:7*2") == parse_objective("conv3:7*2")
    assert network.objective(None) == parse_objective(MODELS["googlenet"].default_layers[0])
    for wrong in ("Mixed_6b", "conv3:100000"):
        with pytest.raises(UsageError):
            network.objective(wrong)


def test_of_a_file_the_default_layer_is_one_that_it_has(toy, said):
    network = find_network(Request(graph=toy), None, said.append)
    assert network.graph == read_graph(toy)
    assert network.objective(None) == parse_objective("a")
    assert network.graph_for(parse_objective("a"), PROVIDERS["cpu"], print) is network.graph


def test_the_exporter_is_asked_for_exactly_that(toy, said, monkeypatch):
    asked = []

    def ensure_graph(*wanted, **how):
        asked.append((*wanted, how))
        return toy

    monkeypatch.setattr(module, "ensure_graph", ensure_graph)
    cancel = threading.Event()
    for precision, exported in (("auto", "fp32"), ("fp16", "fp16"), ("tf32", "fp32")):
        request = Request("googlenet", weights="random", precision=precision, seed=7)
        network = find_network(request, None, said.append)
        objective = parse_objective("inception5b")
        graph = network.graph_for(objective, PROVIDERS["cuda"], print, True, cancel)
        assert graph == read_graph(toy)
        layers = MODELS["googlenet"].with_bank(("inception5b",))
        assert "inception5b" in layers
        wanted, how = asked.pop()
        assert wanted == GraphRequest("googlenet", layers, "random", exported, "gpu", 7)
        assert how == {"progress": print, "background": True, "cancel": cancel}
    network.graph_for(objective, PROVIDERS["cpu"], print)
    wanted, how = asked.pop()
    assert wanted.form == "cpu"
    assert how == {"progress": print, "background": False, "cancel": None}


def test_a_graph_is_there_for_the_form_that_was_exported(toy, said):
    network = find_network(Request("googlenet"), None, said.append)
    objective = parse_objective("conv3")
    key = key_of(GraphRequest("googlenet", network.taps(objective), form="gpu"))
    graph_path(key).write_bytes(b"a graph")
    keep_graph(key)
    assert network.has_graph(objective, PROVIDERS["cuda"])
    assert not network.has_graph(objective, PROVIDERS["cpu"])
    given = find_network(Request(graph=toy), None, said.append)
    assert given.has_graph(objective, PROVIDERS["cpu"])


def test_a_file_of_weights_says_whose_they_are(tmp_path):
    """By the names in it, as torch and safetensors write them; nothing is downloaded."""
    said: list[str] = []
    for name, layer, model in (
        ("a.pth", b"PK..data.pkl..Mixed_5b.branch1x1.conv.weight", "inception_v3"),
        ("b.safetensors", b'{"inception3a.branch1.conv.weight": {}}', "googlenet"),
        ("c.pth", b"something else", "efficientnet_lite0"),
    ):
        path = tmp_path / name
        path.write_bytes(layer)
        assert find_network(Request(weights=str(path)), None, said.append).model == model
    missing = Request(weights=str(tmp_path / "no.pth"))
    assert find_network(missing, None, said.append).model == "efficientnet_lite0"


def test_a_slower_network_is_dreamt_smaller():
    say = list[str]().append
    assert find_network(Request("efficientnet_lite0"), None, say).box == (320, 240)
    assert find_network(Request("inception_v3"), None, say).box == (256, 192)

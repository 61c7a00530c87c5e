"""The network that is dreamt where nobody names one."""

from __future__ import annotations

import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.gradient.exporting import key_of
from livedream.runtime.gradient.preferred import default_model, weights_file
from livedream.runtime.store.cache import cache_folder
from livedream.runtime.store.graph_cache import GraphRequest, graph_path


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))


def test_the_default_model_downloads_nothing_unasked():
    model, note = default_model()
    assert model == "efficientnet_lite0"
    assert "livedream run --model inception_v3" in note

    network = MODELS["inception_v3"]
    other = key_of(GraphRequest("inception_v3", network.with_bank(["Mixed_7a"])))
    random = key_of(GraphRequest("inception_v3", network.bank, weights="random"))
    for key in (other, random):
        graph_path(key).write_bytes(b"a graph")
    assert default_model()[0] == "efficientnet_lite0"
    assert default_model(["Mixed_7a"]) == ("inception_v3", None)

    graph_path(
        key_of(GraphRequest("inception_v3", network.bank, precision="fp16", form="gpu"))
    ).write_bytes(b"a graph")
    for layers in (None, ["Mixed_5b"]):
        assert default_model(layers) == ("inception_v3", None)


def test_cached_weights_make_inception_the_default():
    path = weights_file("inception_v3")
    assert path.parent == cache_folder("weights")
    path.write_bytes(b"weights")
    assert default_model() == ("inception_v3", None)
    assert weights_file("efficientnet_lite0") is None

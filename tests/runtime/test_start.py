"""From what was asked for to a dreamer."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from livedream.runtime import start
from livedream.runtime.choices import Choices
from livedream.runtime.cuda import assemble
from livedream.runtime.dream.accentuating import Accentuator
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.film import FilmDreamer
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.platform import Processor
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.stats import Stats

from .toy_graph import write_toy


def choices(**changes) -> Choices:
    given = {
        "model": "auto", "layers": None, "graph": None, "weights": "auto", "recipe": "google",
        "provider": "cpu", "precision": "auto", "size": (64, 48), "seed": 11, "settings": None,
        "overrides": {"octaves": 2, "steps": 3},
    }  # fmt: skip
    return Choices(**{**given, **changes})


@pytest.mark.parametrize(
    ("provider", "precision", "form"),
    [
        ("cpu", "fp32", "cpu"), ("openvino", "fp32", "openvino"), ("tensorrt", "fp32", "gpu"),
        ("cpu", "fp16", "cpu"), ("auto", "fp16", "gpu"), ("auto", "fp32", "openvino"),
    ],
)  # fmt: skip
def test_a_file_is_written_for_what_it_is_to_run_on(monkeypatch, provider, precision, form):
    here = Processor((PROVIDERS["openvino"], PROVIDERS["cpu"]))
    monkeypatch.setattr(start, "find_platform", lambda name, say: here)
    assert start.form_for(provider, precision) == form


def test_where_nothing_runs_a_file_is_for_any_processor(monkeypatch):
    monkeypatch.setattr(start, "find_platform", lambda name, say: Processor(()))
    assert start.form_for("auto", "fp32") == "cpu"
    with pytest.raises(UsageError, match="nearest"):
        start.form_for("cbu", "fp32")


@pytest.mark.parametrize("there", [True, False])
def test_a_card_is_asked_for_where_one_may_be_used(monkeypatch, there):
    asked = []
    card = object() if there else None

    def find_card(name, say, **how):
        asked.append((name, how))
        return card

    monkeypatch.setattr(assemble, "find_card", find_card)
    found = start.find_platform("auto", print, ahead=2, card=1, launcher="pycuda", wait="spin")
    assert found is card if there else isinstance(found, Processor)
    assert isinstance(start.find_platform("cpu", print), Processor)
    how = {"ahead": 2, "card": 1, "launcher": "pycuda", "spin": True}
    assert asked == [("auto", how)]


@pytest.mark.parametrize("built", [True, False])
def test_an_engine_is_the_best_or_the_one_that_plays_soon(monkeypatch, built):
    made = []

    class Engines:
        def __init__(self, network, platform):
            self.platform = platform

        def best(self, objective, sizes, opening):
            made.append("best")

        def quick(self, objective, sizes, opening):
            made.append("quick")

    class Network:
        def objective(self, layers):
            return layers

    monkeypatch.setattr(start, "Engines", Engines)
    monkeypatch.setattr(start, "find_platform", lambda name, say, **how: how)
    engines, _ = start.open_engine(
        choices(),
        Network(),
        (48, 64),
        print,
        print,
        ahead=3,
        reopens=True,
        built=built,  # pyright: ignore
    )
    assert made == ["best" if built else "quick"]
    asked = {"card": 0, "launcher": "auto", "wait": "block"}
    assert engines.platform == {"ahead": 3, "reopens": True, **asked}


@pytest.mark.parametrize("stats", [None, Stats()])
def test_a_dreamer_has_what_was_asked_for(tmp_path: Path, stats):
    pytest.importorskip("onnxruntime")
    asked = choices(graph=write_toy(tmp_path / "toy.onnx"))
    said = io.StringIO()
    network = start.network_of(asked, print)
    dreamer, engines = start.open_dreamer(
        asked, network, (48, 64), Console(file=said, width=200), stats
    )
    try:
        assert dreamer.seed == 11
        assert (dreamer.dream.octaves, dreamer.dream.steps) == (2, 3)
        assert re.search(r"toy a on cpu, 64x48, 4\dx3\d, recipe google", said.getvalue())
        settings = start.settings_of(dreamer, "google")
        assert (settings["seed"], settings["steps"], settings["recipe"]) == (11, 3, "google")
        assert (settings["model"], settings["layers"]) == ("toy", "a")
        desk = start.open_desk(network, dreamer, "live", (300, 200), mirror=True)
        base = desk.base
        assert (base["size"], base["steps"], base["recipe"]) == ("300x200", 3, "live")
        assert (base["layers"], base["mirror"]) == ("a", True)
    finally:
        engines.close()


@pytest.mark.parametrize("provider", ["cpu", "openvino"])
def test_a_file_whose_gradient_is_no_numbers_does_not_play(tmp_path: Path, provider):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("openvino" if provider == "openvino" else "onnxruntime")
    model = onnx.load(write_toy(tmp_path / "toy.onnx"))
    nodes = model.graph.node
    named = next(node for node in nodes if node.output[0] == "gradient")
    named.output[0] = "before"
    model.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array(np.nan, np.float32), "damaged")
    )
    nodes.insert(len(nodes) - 1, onnx.helper.make_node("Mul", ["before", "damaged"], ["gradient"]))
    onnx.save(model, tmp_path / "nan.onnx")
    wanted = choices(graph=tmp_path / "nan.onnx", provider=provider)
    network = start.network_of(wanted, lambda text: None)
    with pytest.raises(LivedreamError, match="not finite"):
        start.open_dreamer(wanted, network, (48, 64), Console(file=io.StringIO()))


def test_a_recipe_for_films_dreams_clips_so_and_photos_as_others():
    assert start.kind_of("film", clip=True) is FilmDreamer
    assert start.kind_of("film") is start.kind_of("live", clip=True) is Dreamer
    assert start.kind_of("accentuate", clip=True) is Accentuator

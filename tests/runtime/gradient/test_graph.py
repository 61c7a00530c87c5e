"""What a graph file says of itself, and what odd and damaged files are answered."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.graph import read_graph

from ..toy_graph import write_toy

FAULTS = Path(__file__).parents[4] / "shared" / "faults"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("graph") / "toy.onnx")


def changed(toy: Path, folder: Path, **facts: str | None) -> Path:
    """The toy with other metadata; None leaves one out."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(toy)
    held = {entry.key: entry.value for entry in model.metadata_props}
    held |= {f"livedream.{key}": value for key, value in facts.items() if value is not None}
    for key, value in facts.items():
        if value is None:
            del held[f"livedream.{key}"]
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, held)
    onnx.save(model, folder / "changed.onnx")
    return folder / "changed.onnx"


def test_the_metadata_is_onnxruntimes(toy):
    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(toy, providers=["CPUExecutionProvider"])
    told = session.get_modelmeta().custom_metadata_map
    graph = read_graph(toy)
    assert graph.layers == {"a": 4}
    assert graph.minimum_size == 16
    for key in ("model", "precision", "form", "weights", "weights_sha256"):
        assert getattr(graph, key) == told[f"livedream.{key}"]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"layers": "{"}, "what cannot be"),
        ({"layers": "[]"}, "no list"),
        ({"layers": '{"a": 4}'}, "no list"),
        ({"layers": '[{"name": "a"}]'}, "channels"),
        ({"layers": '["a"]'}, "what cannot be"),
        ({"layers": json.dumps([{"name": "a", "channels": 10**9}])}, "1000000000"),
        ({"layers": json.dumps([{"name": "a", "channels": 0}])}, "0 is not"),
        ({"layers": "[" * 100_000}, "what cannot be"),
        ({"minimum_size": "-1"}, "-1"),
        ({"minimum_size": "many"}, "many"),
        ({"minimum_size": "9" * 6000}, "what cannot be"),
        ({"format": "7"}, "format 7"),
        ({"format": None}, "not one with an input-gradient graph"),
        ({"form": None}, "export it again"),
    ],
)
def test_headers_that_cannot_be_are_told(toy, tmp_path, facts, says):
    with pytest.raises(LivedreamError, match=says) as told:
        read_graph(changed(toy, tmp_path, **facts))
    assert len(str(told.value)) < 500


def test_a_file_that_is_cut_or_none_is_told(toy, tmp_path):
    content = toy.read_bytes()
    for name, part in {
        "cut": content[: len(content) // 2], "last": content[:-1], "empty": b"",
        "text": b"not a graph at all\n" * 9, "zero": bytes(1000),
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(part)
        with pytest.raises(LivedreamError, match=r"damaged|not one with"):
            read_graph(path)
    with pytest.raises(UsageError, match="does not exist"):
        read_graph(tmp_path / "none.onnx")


def test_no_damage_is_answered_by_anything_but_a_sentence(toy, tmp_path):
    content, chance, path = toy.read_bytes(), random.Random(11), tmp_path / "damaged.onnx"
    for _ in range(2000):
        damaged = bytearray(content)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        try:
            graph = read_graph(path)
        except LivedreamError:
            continue
        assert graph.layers


@pytest.mark.skipif(not FAULTS.is_dir(), reason="the odd files are not here")
@pytest.mark.parametrize(
    "name",
    ["meta_badjson", "meta_nochannels", "meta_bigchannels", "meta_neg", "meta_zero", "foreign"],
)
def test_files_that_were_met(name):
    with pytest.raises(LivedreamError):
        read_graph(FAULTS / f"{name}.onnx")

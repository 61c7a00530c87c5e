"""Parts of a file that are cut out without onnx compute what the whole does."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.gradient.cutting import part
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.steering import steering

from ...export.conftest import smooth_image

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

LITE = MODELS["efficientnet_lite0"]
MATCHED = ("block2", "block2@match", "block3")


@pytest.fixture(scope="module")
def whole(exported):
    return exported(LITE.bank)


def session(content: bytes):
    return ort.InferenceSession(content, providers=["CPUExecutionProvider"])


def kinds(content: bytes) -> list[str]:
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model)
    return [node.op_type for node in model.graph.node]


def test_what_an_output_does_not_need_is_left_out(whole):
    content = whole.read_bytes()
    gradient = part(content, ["gradient"], {})
    mean = part(content, ["block5.mean"], {})
    assert "GlobalAveragePool" in kinds(content)
    assert "GlobalAveragePool" not in kinds(gradient)
    assert len(mean) < len(content) / 5
    assert [each.name for each in session(mean).get_outputs()] == ["block5.mean"]
    names = [each.name for each in session(content).get_inputs()]
    assert [each.name for each in session(gradient).get_inputs()] == names


@pytest.mark.parametrize("layer", LITE.bank[:-1])
def test_a_cut_climbs_what_the_whole_does_and_is_shorter(whole, layer):
    graph, content = read_graph(whole), whole.read_bytes()
    cut = part(content, ["gradient"], graph.cuts[layer])
    assert len(kinds(cut)) < len(kinds(part(content, ["gradient"], {})))
    objective = parse_objective("+".join(LITE.bank[: LITE.bank.index(layer) + 1]))
    fed = {"image": smooth_image(66, 90, seed=1), **steering(objective, graph.layers)}
    (expected,) = session(content).run(["gradient"], fed)
    (found,) = session(cut).run(["gradient"], fed)
    assert np.linalg.norm(found - expected) <= 1e-5 * np.linalg.norm(expected)


@pytest.mark.parametrize("name", ["cpu", "openvino"])
def test_inputs_that_a_cut_does_not_need_take_the_place_of_no_other(exported, name):
    provider = PROVIDERS[name]
    if provider.ep not in ort.get_available_providers():
        pytest.skip(f"onnxruntime is here without {name}")
    path = exported(MATCHED, "fp32", provider.form)
    graph, content = read_graph(path), path.read_bytes()
    cut = part(content, ["gradient"], graph.cuts["block2@match"])
    names = [each.name for each in session(cut).get_inputs()]
    assert sorted(names) == sorted(each.name for each in session(content).get_inputs())
    assert set(names[-2:]) == {"block3.square", "block3.linear"}
    count = graph.layers["block2"]
    fed = {
        "image": smooth_image(66, 90, seed=1),
        **steering(parse_objective("block2@match"), graph.layers),
        "block2@match.guide": np.random.default_rng(2).random(20 * count, np.float32),
    }
    (expected,) = session(content).run(["gradient"], fed)
    opened = ort.InferenceSession(cut, providers=[provider.ep])
    (found,) = opened.run(["gradient"], fed)
    assert np.linalg.norm(found - expected) <= 1e-3 * np.linalg.norm(expected)


def test_nothing_but_onnx_files_is_cut(whole):
    content = whole.read_bytes()
    for damaged in (b"no file at all, but some words", content[:-7], content[: len(content) // 2]):
        with pytest.raises(ValueError, match="it "):
            part(damaged, ["gradient"], {})
    with pytest.raises(ValueError, match="no output block7"):
        part(content, ["gradient", "block7.mean"], {})

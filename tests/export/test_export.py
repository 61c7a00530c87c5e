"""The written file: contract, metadata, operators, and the process that writes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from livedream.export.catalogue import FORMS, MODELS, PRECISIONS
from livedream.export.check import agreement
from livedream.export.errors import ExportError
from livedream.export.graph import export_graph
from livedream.export.operators import TENSORRT, foreign

from ..patience import PATIENCE
from .conftest import Dream, onnxruntime, smooth_image, torch

COMMAND = [sys.executable, "-m", "livedream.export"]


def shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize(
    ("model", "layers", "precision"),
    [
        ("googlenet", ("inception3a", "conv2"), "fp32"),
        ("inception_v3", ("Mixed_5b",), "fp32"),
        ("efficientnet_lite0", ("block1", "block3"), "fp32"),
        ("efficientnet_lite0", ("block1", "block3"), "fp16"),
    ],
)
def test_contract_and_metadata(
    tmp_path: Path, model: str, layers: tuple[str, ...], precision: str
) -> None:
    file = tmp_path / "deep" / "graph.onnx"
    stages: list[str] = []
    report = export_graph(
        model, layers, file, weights="random", precision=precision, form="gpu", seed=3,
        progress=lambda stage, fraction: stages.append(stage),
    )  # fmt: skip
    assert stages[-1] == "done"
    assert os.listdir(file.parent) == ["graph.onnx"]
    graph = onnx.load(file)
    inputs = {value.name: shape(value) for value in graph.graph.input}
    expected: dict[str, list[int | str]] = {"image": [1, 3, "height", "width"]}
    for layer in layers:
        channels = MODELS[model].layer(layer).channels
        expected |= {f"{layer}.square": [channels], f"{layer}.linear": [channels]}
    assert inputs == expected
    outputs = {value.name: shape(value) for value in graph.graph.output}
    means = {f"{layer}.mean": [MODELS[model].layer(layer).channels] for layer in layers}
    assert outputs == {"gradient": [1, 3, "height", "width"], "objective": [], **means}
    types = {
        value.type.tensor_type.elem_type for value in (*graph.graph.input, *graph.graph.output)
    }
    assert types == {onnx.TensorProto.FLOAT}

    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    assert metadata["livedream.format"] == "1"
    assert metadata["livedream.model"] == model
    in_order = [name for name in MODELS[model].layer_names if name in layers]
    assert [entry["name"] for entry in json.loads(metadata["livedream.layers"])] == in_order
    assert metadata["livedream.minimum_size"] == str(MODELS[model].minimum_size(layers))
    assert metadata["livedream.weights"] == "random:3"
    assert metadata["livedream.weights_sha256"] == report.weights_sha256
    assert len(report.weights_sha256) == 64
    assert metadata["livedream.precision"] == precision
    assert metadata["livedream.form"] == "gpu"
    assert metadata["livedream.version"]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", MODELS)
def test_operators_of_every_layer_are_tensorrts(dream: Dream, model: str, precision: str) -> None:
    graph = onnx.load_from_string(
        dream(model, MODELS[model].layer_names, "random", "gpu", precision).graph
    )
    assert foreign(graph) == []
    weights = {node.input[1] for node in graph.graph.node if node.op_type == "Conv"}
    types = {tensor.data_type for tensor in graph.graph.initializer if tensor.name in weights}
    half = precision == "fp16"
    assert types == {onnx.TensorProto.FLOAT16 if half else onnx.TensorProto.FLOAT}


def test_allow_list_refuses_what_tensorrt_lacks() -> None:
    assert not TENSORRT & {"MaxUnpool", "ScatterND", "ScatterElements", "Col2Im", "GatherND"}
    node = onnx.helper.make_node("MaxPool", ["x"], ["y", "indices"], kernel_shape=[2, 2])
    graph = onnx.helper.make_graph([node], "g", [], [])
    assert foreign(onnx.helper.make_model(graph)) == ["MaxPool with indices"]


@pytest.mark.parametrize("form", FORMS)
def test_fixed_sizes_give_the_same_gradient(tmp_path: Path, form: str) -> None:
    """The runtime overrides height and width when it opens a session."""
    file = tmp_path / "graph.onnx"
    export_graph("efficientnet_lite0", ["block5"], file, weights="random", form=form)
    image = smooth_image(97, 131, seed=0)
    feed = {"image": image, "block5.square": np.ones(40, np.float32)}
    feed["block5.linear"] = np.zeros(40, np.float32)
    gradients = []
    for fixed in (False, True):
        options = onnxruntime.SessionOptions()
        if fixed:
            options.add_free_dimension_override_by_name("height", 97)
            options.add_free_dimension_override_by_name("width", 131)
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        gradients.append(session.run(["gradient"], feed)[0])
    assert agreement(gradients[0], gradients[1].astype(np.float64)).error < 1e-4


def test_same_seed_same_file_and_other_seed_other_weights(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    others = torch.random.get_rng_state()
    reports = [
        export_graph("googlenet", ["conv2"], tmp_path / name, weights="random", seed=seed)
        for name, seed in zip(names, (1, 1, 2), strict=True)
    ]
    one, same, other = ((tmp_path / name).read_bytes() for name in names)
    assert one == same
    assert one != other
    assert torch.equal(others, torch.random.get_rng_state())  # of whoever else draws from it
    assert reports[0].weights_sha256 == reports[1].weights_sha256 != reports[2].weights_sha256


def test_a_wrong_graph_is_refused_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livedream.export.blocked import Blocked

    file = tmp_path / "graph.onnx"
    file.write_bytes(b"old")
    monkeypatch.setattr(
        Blocked, "rectify", lambda self, builder, gradient, output, ceiling, channels: gradient
    )
    with pytest.raises(ExportError, match="does not agree with autograd"):
        export_graph("googlenet", ["conv3"], file, weights="random")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["graph.onnx"]


def test_unwritable_output(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        export_graph("googlenet", ["conv1"], tmp_path / "file" / "x.onnx", weights="random")
    with pytest.raises(ExportError, match="is a folder"):
        export_graph("googlenet", ["conv1"], tmp_path, weights="random")


def lines(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def test_process_speaks_json(tmp_path: Path) -> None:
    file = tmp_path / "graph.onnx"
    arguments = ["googlenet", "--layers", "conv2, conv3", "--weights", "random", "--output", file]
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
    assert done.returncode == 0
    *stages, last = lines(done.stdout)
    assert all(0 <= line["fraction"] <= 1 and line["stage"] for line in stages)
    assert last["done"]["layers"] == ["conv2", "conv3"]
    assert last["done"]["error"] < 1e-2
    assert file.stat().st_size == last["done"]["bytes"]


@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        ("googlenet --layers conv9 --output x", 2, "conv"),
        ("gogglenet --layers conv1 --output x", 2, "googlenet"),
        ("googlenet --output x", 2, "--layers"),
        ("googlenet --layers conv1 --output x --weights no.pth", 2, "no.pth"),
        ("googlenet --layers conv1 --output /proc/x --weights random", 1, "/proc"),
    ],
)
def test_process_errors(tmp_path: Path, arguments: str, code: int, answer: str) -> None:
    command = [*COMMAND, *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == code
    last = lines(done.stdout)[-1]
    assert answer in last["error"]
    assert last["usage"] == (code == 2)
    assert "Traceback" not in done.stderr
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_process_leaves_nothing(tmp_path: Path, number: int) -> None:
    arguments = ["googlenet", "--layers", "inception3a", "--weights", "random"]
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--output", tmp_path / "x.onnx"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # where the tests run in the background, signals that a shell had them ignore are inherited
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "tracing" in line:  # the file is written, and checked, after this
            break
    process.send_signal(number)
    rest, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "interrupted" in lines(rest)[-1]["error"]
    assert "Traceback" not in errors
    assert not os.listdir(tmp_path)

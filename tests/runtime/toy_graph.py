"""A graph file as `livedream export` writes it, small enough to know its gradient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from livedream.runtime.gradient.graph import FORMAT


def write_toy(path: Path, layer: str = "a") -> Path:
    """gradient = (image - mean(image)) * (mean(a.square) + mean(a.linear)); a has 4 channels.

    layer: in place of a."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["level"], keepdims=0),
        helper.make_node("Sub", ["image", "level"], ["contrast"]),
        helper.make_node("ReduceMean", [f"{layer}.square"], ["square"], keepdims=0),
        helper.make_node("ReduceMean", [f"{layer}.linear"], ["linear"], keepdims=0),
        helper.make_node("Add", ["square", "linear"], ["weight"]),
        helper.make_node("Mul", ["contrast", "weight"], ["gradient"]),
        helper.make_node("ReduceMean", ["gradient"], ["objective"], keepdims=0),
    ]
    return _saved(path, nodes, layer, "gpu")


def write_endless(path: Path) -> Path:
    """A graph by the contract whose gradient is never done."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    values = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["on"]),
            helper.make_node("Mul", ["was", "was"], ["is"]),
        ],
        "body",
        [values("n", kinds.INT64, []), values("going", kinds.BOOL, []),
         values("was", kinds.FLOAT, None)],
        [values("on", kinds.BOOL, []), values("is", kinds.FLOAT, None)],
    )  # fmt: skip
    forever = helper.make_tensor("yes", kinds.BOOL, [], [True])
    nodes = [
        helper.make_node("Loop", ["", "yes", "image"], ["gradient"], body=body),
        helper.make_node("ReduceMean", ["gradient"], ["objective"], keepdims=0),
    ]
    return _saved(path, nodes, "a", "cpu", [forever])


def _saved(
    path: Path, nodes: Sequence[Any], layer: str, form: str, constants: Sequence[Any] = ()
) -> Path:
    """The nodes as a graph by the contract, of one layer of 4 channels, at `path`."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    values, planes = helper.make_tensor_value_info, [1, 3, "height", "width"]
    graph = helper.make_graph(
        nodes,
        "toy",
        [values("image", kinds.FLOAT, planes),
         *(values(f"{layer}.{name}", kinds.FLOAT, [4]) for name in ("square", "linear"))],
        [values("gradient", kinds.FLOAT, planes), values("objective", kinds.FLOAT, [])],
        constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    facts = {
        "format": FORMAT, "model": "toy", "layers": json.dumps([{"name": layer, "channels": 4}]),
        "minimum_size": "16", "precision": "fp32", "form": form, "weights": "none",
        "weights_sha256": "0",
    }  # fmt: skip
    helper.set_model_props(model, {f"livedream.{key}": value for key, value in facts.items()})
    onnx.save(model, path)
    return path

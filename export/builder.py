"""A small writer of ONNX graphs: nodes in order, constants stored once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 9


class Builder:
    """Collects nodes and initializers; every method returns the name of the value it wrote."""

    def __init__(self, half: bool = False) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.real = np.float16 if half else np.float32
        """The type the network computes in."""
        self._count = 0

    def name(self, stem: str) -> str:
        """A name nothing else has."""
        self._count += 1
        return f"{stem}_{self._count}"

    def op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """A node with one output."""
        written = output or self.name(kind)
        self.nodes.append(helper.make_node(kind, list(inputs), [written], written, **attributes))
        return written

    def split(self, source: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Parts of `source` of the given sizes along `axis`."""
        written = [self.name("Split") for _ in sizes]
        inputs = [source, self.ints(*sizes)]
        self.nodes.append(helper.make_node("Split", inputs, written, written[0], axis=axis))
        return written

    def constant(self, array: Any) -> str:
        """An initializer; equal arrays are stored once."""
        array = np.asarray(array, order="C")
        digest = hashlib.sha256(array.tobytes())
        digest.update(f"{array.dtype}{array.shape}".encode())
        key = f"c_{digest.hexdigest()[:24]}"
        if key not in self.initializers:
            self.initializers[key] = numpy_helper.from_array(array, key)
        return key

    def weight(self, array: Any) -> str:
        """An initializer in the type the network computes in."""
        return self.constant(np.asarray(array, dtype=self.real))

    def ints(self, *values: int) -> str:
        """An int64 vector."""
        return self.constant(np.asarray(values, dtype=np.int64))

    def cast(self, value: str, kind: Any) -> str:
        """`value` as the NumPy type `kind`."""
        return self.op("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """A float32 input of the graph."""
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def output(self, name: str, shape: Sequence[int | str]) -> None:
        """Declare the value `name` a float32 output of the graph."""
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def model(self, metadata: dict[str, str]) -> onnx.ModelProto:
        """The finished model, checked by onnx."""
        used = {name for node in self.nodes for name in node.input}
        graph = helper.make_graph(
            self.nodes,
            "livedream",
            self.inputs,
            self.outputs,
            [tensor for name, tensor in self.initializers.items() if name in used],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="livedream")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model)
        return model

"""Which operators the graph for TensorRT may hold."""

from __future__ import annotations

import onnx

# TensorRT 10's ONNX parser supports these without plugins; among those it lacks are MaxPool's
# indices, MaxUnpool, Col2Im and the reductions of ScatterND and ScatterElements.
_SUPPORTED = (
    "Abs", "Add", "And", "AveragePool", "Cast", "Clip", "Concat", "Conv", "ConvTranspose", "Div",
    "Expand", "GlobalAveragePool", "Greater", "GreaterOrEqual", "HardSigmoid", "Identity", "Less",
    "Max", "MaxPool", "Mul", "Pad", "ReduceMax", "ReduceProd", "ReduceSum", "Relu", "Reshape",
    "Shape", "Slice", "Split", "Squeeze", "Sub", "Sum", "Transpose", "Unsqueeze", "Where",
)  # fmt: skip
TENSORRT = frozenset(_SUPPORTED)


def foreign(model: onnx.ModelProto) -> list[str]:
    """What in `model` TensorRT's parser would refuse: operators, or outputs of them."""
    found = {node.op_type for node in model.graph.node} - TENSORRT
    for node in model.graph.node:
        if node.op_type == "MaxPool" and len(node.output) > 1:
            found.add("MaxPool with indices")
    return sorted(found)

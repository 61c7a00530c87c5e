"""A torch network to a `Tape`: torch.fx traces it, batch normalisation is folded away."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from .catalogue import parted
from .networks.efficientnet_lite0 import SameConv2d
from .networks.stages import Cut, Logits
from .tape import (
    IMAGE,
    Add,
    AveragePool,
    Centre,
    Concat,
    Conv,
    MaxPool,
    Mean,
    Operation,
    Rectify,
    Shift,
    Tape,
)


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, SameConv2d | Logits) or super().is_leaf_module(
            m, module_qualified_name
        )


def _array(tensor: torch.Tensor) -> Any:
    return tensor.detach().to(torch.float64).cpu().numpy()


def _float32(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(array, dtype=np.float32)


def _pair(value: int | tuple[int, ...] | str) -> tuple[int, int]:
    if isinstance(value, str):
        raise TypeError(f"padding '{value}' is not supported")
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _convolution(output: str, source: str, module: nn.Conv2d) -> Conv:
    if isinstance(module, SameConv2d):
        before, after, *_ = module.edges
        pads = (before, before, after, after)
    else:
        vertical, horizontal = _pair(module.padding)
        pads = (vertical, horizontal, vertical, horizontal)
    bias = None if module.bias is None else _array(module.bias)
    stride, _ = _pair(module.stride)
    return Conv(output, source, _array(module.weight), bias, stride, pads, module.groups)


def _fold(output: str, conv: Conv, module: nn.BatchNorm2d) -> Conv:
    """Batch normalisation after a convolution as part of it, in float64."""
    if module.running_mean is None or module.running_var is None:
        raise TypeError("batch normalisation without running statistics cannot be folded")
    scale = _array(module.weight) / np.sqrt(_array(module.running_var) + module.eps)
    bias = 0.0 if conv.bias is None else conv.bias
    shifted = _array(module.bias) + (bias - _array(module.running_mean)) * scale
    weight = conv.weight * scale[:, None, None, None]
    return Conv(output, conv.source, weight, shifted, conv.stride, conv.pads, conv.groups)


def _module(output: str, source: str, module: Any) -> list[Operation]:
    if isinstance(module, nn.Conv2d):
        return [_convolution(output, source, module)]
    if isinstance(module, nn.ReLU6):
        return [Rectify(output, source, 6.0)]
    if isinstance(module, nn.ReLU):
        return [Rectify(output, source, None)]
    if isinstance(module, nn.MaxPool2d):
        sizes = (_pair(module.kernel_size)[0], _pair(module.stride)[0], _pair(module.padding)[0])
        return [MaxPool(output, source, *sizes, ceil=module.ceil_mode)]
    if isinstance(module, nn.AvgPool2d):
        return [AveragePool(output, source, _pair(module.kernel_size)[0])]
    if isinstance(module, Logits):
        mean = f"{output}_mean"
        weight = _array(module.weight)[:, :, None, None]
        scores = Conv(output, mean, weight, _array(module.bias), 1, (0, 0, 0, 0), 1)
        return [Mean(mean, source), scores]
    raise TypeError(f"no rule for {type(module).__name__}")


def _channels(operation: Operation, known: dict[str, int]) -> int:
    if isinstance(operation, Conv):
        return operation.weight.shape[0]
    if isinstance(operation, Concat):
        return sum(known[part] for part in operation.parts)
    return known[operation.inputs[0]]


def trace(
    network: Cut, mean: Sequence[float], std: Sequence[float], places: Sequence[str] = ()
) -> Tape:
    """The tape of `network`, its image being RGB in 0..1 that it wants as (image - mean) / std.

    places: of its layers, such as `block9@center`, to be tapped beside them.

    Raises `TypeError` for a module or a function that has no rule here.
    """
    graph = _Tracer().trace(network)
    operations: dict[str, Operation] = {}
    alias: dict[str, str] = {}
    taps: dict[str, str] = {}

    def name(node: Any) -> str:
        return alias.get(node.name) or str(node.name)

    for node in graph.nodes:
        if node.op == "placeholder":
            alias[node.name] = IMAGE
        elif node.op == "call_module":
            module = network.get_submodule(str(node.target))
            source = name(node.args[0])
            if isinstance(module, nn.BatchNorm2d):
                conv = operations.pop(source)
                if not isinstance(conv, Conv):
                    raise TypeError("batch normalisation must follow a convolution")
                operations[node.name] = _fold(node.name, conv, module)
            else:
                for operation in _module(node.name, source, module):
                    operations[operation.output] = operation
        elif node.op == "call_function" and node.target is torch.cat:
            parts = tuple(name(part) for part in node.args[0])
            operations[node.name] = Concat(node.name, parts)
        elif node.op == "call_function" and node.target is operator.add:
            operations[node.name] = Add(node.name, name(node.args[0]), name(node.args[1]))
        elif node.op == "output":
            values = [name(value) for value in node.args[0]]
            taps = dict(zip(network.layers, values, strict=True))
        else:
            raise TypeError(f"no rule for {node.op} {node.target}")
    for layer in places:
        base, place = parted(layer)
        if place == "center":
            operations[layer] = Centre(layer, taps[base])
        taps[layer] = layer if place == "center" else taps[base]
    listed = _normalise(list(operations.values()), np.asarray(mean), np.asarray(std))
    channels = {IMAGE: 3}
    for operation in listed:
        channels[operation.output] = _channels(operation, channels)
    return Tape(listed, channels, taps)


def _normalise(
    operations: list[Operation], mean: np.ndarray[Any, Any], std: np.ndarray[Any, Any]
) -> list[Operation]:
    """Fold the image's normalisation into the first convolution, as far as its padding allows.

    Padding is zero after normalisation, so where there is any the mean is subtracted beforehand.
    """
    shifted: list[Operation] = []
    for operation in operations:
        if not isinstance(operation, Conv):
            shifted.append(operation)
            continue
        source, weight, bias = operation.source, operation.weight, operation.bias
        if source == IMAGE:
            weight = weight / std[None, :, None, None]
            if any(operation.pads):
                source = "centred"
                shifted.append(Shift(source, IMAGE, _float32(-mean)))
            else:
                moved = np.einsum("oihw,i->o", weight, mean)
                bias = -moved if bias is None else bias - moved
        shifted.append(
            Conv(
                operation.output,
                source,
                _float32(weight),
                None if bias is None else _float32(bias),
                operation.stride,
                operation.pads,
                operation.groups,
            )
        )
    return shifted

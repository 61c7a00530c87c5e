"""The forward pass: every operation of a tape as ONNX."""

from __future__ import annotations

import numpy as np

from .builder import Builder
from .tape import (
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
)  # fmt: skip


def emit(builder: Builder, operation: Operation, values: dict[str, str], *, even: bool) -> str:
    """Write `operation`, its inputs being `values` of the graph; returns the value written.

    even: as of `forms.Form`.
    """
    read = [values[name] for name in operation.inputs]
    match operation:
        case Shift():
            # in float32: the image is cast to the network's type only after it is centred
            shifted = builder.op(
                "Add", *read, builder.constant(operation.offset.reshape(1, -1, 1, 1))
            )
            return shifted if builder.real is np.float32 else builder.cast(shifted, builder.real)
        case Conv():
            return convolution(builder, read[0], operation, even=even)
        case Rectify(ceiling=None):
            return builder.op("Relu", *read)
        case Rectify(ceiling=ceiling):
            low, high = builder.weight(0), builder.weight(ceiling)
            return builder.op("Clip", *read, low, high)
        case MaxPool(kernel=kernel, stride=stride, padding=padding):
            return builder.op(
                "MaxPool", *read, kernel_shape=[kernel] * 2, strides=[stride] * 2,
                pads=[padding] * 4, ceil_mode=int(operation.ceil and stride > 1),
            )  # fmt: skip
        case AveragePool(kernel=kernel):
            return builder.op(
                "AveragePool", *read, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4,
                count_include_pad=1,
            )  # fmt: skip
        case Mean():
            return builder.op("GlobalAveragePool", *read)
        case Centre():
            start, _ = around_centre(builder, *read)
            end = builder.op("Add", start, builder.ints(1, 1))
            return builder.op("Slice", *read, start, end, builder.ints(2, 3))
        case Add():
            return builder.op("Add", *read)
        case Concat():
            return builder.op("Concat", *read, axis=1)
        case _:
            raise TypeError(f"no forward rule for {type(operation).__name__}")


def around_centre(builder: Builder, value: str) -> tuple[str, str]:
    """How many positions lie before the middle one of `value`, and how many after it: (rows,
    columns) each."""
    size = builder.op("Slice", builder.op("Shape", value), builder.ints(2), builder.ints(4))
    before = builder.op("Div", size, builder.ints(2))
    after = builder.op("Sub", builder.op("Sub", size, before), builder.ints(1))
    return before, after


def convolution(builder: Builder, source: str, conv: Conv, *, even: bool) -> str:
    """Write a convolution with its bias. even: as of `forms.Form`."""
    top, left, bottom, right = pads = conv.pads
    if even and pads[:2] != pads[2:]:
        high, wide = min(top, bottom), min(left, right)
        lacking = [0, 0, top - high, left - wide, 0, 0, bottom - high, right - wide]
        source = builder.op("Pad", source, builder.ints(*lacking), builder.weight(0))
        pads = (high, wide) * 2
    inputs = [source, builder.weight(conv.weight)]
    if conv.bias is not None:
        inputs.append(builder.weight(conv.bias))
    return builder.op(
        "Conv", *inputs, kernel_shape=list(conv.weight.shape[2:]), strides=[conv.stride] * 2,
        pads=list(pads), group=conv.groups,
    )  # fmt: skip

"""Adjoints for OpenVINO's provider (the form `openvino`): the plain ones, but where it is slow."""

from __future__ import annotations

from collections.abc import Mapping

from . import phases
from .blocked import huge
from .builder import Builder
from .plain import Plain, crop, transposed_stride_1
from .tape import Conv


class OpenVino(Plain):
    """See `forms.Form`."""

    # of a picture of 320x180, what one part holds stays near the core (docs/gradient.md)
    parts: Mapping[int, int] = {2: 32, 4: 48}
    even = False

    def rectify(
        self, builder: Builder, gradient: str, output: str, ceiling: float | None, channels: int
    ) -> str:
        # as a product: five quick operations in one pass, where two choices are three slow ones
        slope = huge(builder)
        if ceiling is None:
            steep = builder.op("Mul", output, builder.weight(slope))
        else:
            # positive inside, by more than 1 / slope; at both ends it is zero exactly
            falling = builder.op("Mul", output, builder.weight(-slope))
            falling = builder.op("Add", falling, builder.weight(ceiling * slope))
            steep = builder.op("Mul", output, falling)
        return builder.op("Mul", builder.op("Min", steep, builder.weight(1)), gradient)

    def transposed(self, builder: Builder, gradient: str, conv: Conv, like: str) -> str:
        if conv.stride == 1:
            return transposed_stride_1(builder, gradient, conv)
        top, left, bottom, right = conv.pads
        if conv.stride == 2 and conv.groups == 1 and 4 * conv.weight.shape[1] <= phases.BLOCK:
            # few channels (the image): one small convolution, for which nothing changes its layout
            height, width = conv.weight.shape[2:]
            more = [
                phases.beyond(*axis, phases.EVEN)
                for axis in ((height, top, bottom), (width, left, right))
            ]
            halves = builder.op("Div", _sizes(builder, like, 1), builder.ints(2, 2))
            gradient = _longer(builder, gradient, halves, [-more[0], -more[1]], 1)
            return phases.transposed(builder, gradient, conv, like, phases.EVEN)
        # OpenVINO 2025.4 computes some transposed convolutions wrongly that have output padding
        # (96 channels to 96, 4x6 to 10x14). With a row of zeros after the gradient's last one
        # there is one to take off instead; at sizes that are reached exactly, nothing.
        short = [
            conv.stride - size + start + end
            for size, start, end in zip(
                conv.weight.shape[2:], (top, left), (bottom, right), strict=True
            )
        ]
        gradient = _longer(builder, gradient, _sizes(builder, like), short, conv.stride)
        full = builder.op(
            "ConvTranspose", gradient, builder.weight(conv.weight),
            kernel_shape=list(conv.weight.shape[2:]), strides=[conv.stride] * 2,
            pads=list(conv.pads), group=conv.groups,
        )  # fmt: skip
        return crop(builder, full, like)


def _sizes(builder: Builder, value: str, more: int = 0) -> str:
    """Height and width of `value`, each with `more` on top."""
    sizes = builder.op("Slice", builder.op("Shape", value), builder.ints(2), builder.ints(4))
    return builder.op("Add", sizes, builder.ints(more, more)) if more else sizes


def _longer(builder: Builder, gradient: str, sizes: str, offsets: list[int], factor: int) -> str:
    """`gradient` with zeros after its last rows and columns, so many that `factor` times its size
    is at least `sizes` + `offsets`: fewer than `factor`, or none, where no pass over it is left.
    """
    wanted = builder.op("Add", sizes, builder.ints(*offsets))
    reached = _sizes(builder, gradient)
    if factor > 1:
        reached = builder.op("Mul", reached, builder.ints(factor, factor))
    lacking = builder.op("Sub", wanted, reached)
    pads = builder.op("Concat", builder.ints(0, 0, 0, 0, 0, 0), lacking, axis=0)
    return builder.op("Pad", gradient, pads)

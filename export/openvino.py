"""Adjoints for OpenVINO's provider (the form `openvino`): the plain ones, but where it is slow."""

from __future__ import annotations

from . import phases
from .builder import Builder
from .plain import Plain, crop, transposed_stride_1
from .tape import Conv


class OpenVino(Plain):
    """See `forms.Form`."""

    def transposed(self, builder: Builder, gradient: str, conv: Conv, like: str) -> str:
        if conv.stride == 1:
            return transposed_stride_1(builder, gradient, conv)
        if conv.stride == 2 and conv.groups == 1 and 4 * conv.weight.shape[1] <= phases.BLOCK:
            # few channels (the image): one small convolution, for which nothing changes its layout
            return phases.transposed(builder, gradient, conv, like)
        # OpenVINO 2025.4 computes some transposed convolutions wrongly that have output padding
        # (96 channels to 96, 4x6 to 10x14). Where the convolution pads its end, less of that is
        # taken off instead; else the rows and columns are padded on, in a pass of its own.
        top, left, bottom, right = conv.pads
        missed = conv.stride - 1
        padded = min(bottom, right) >= missed
        ends = [bottom - missed, right - missed] if padded else [0, 0]
        reached = builder.op(
            "ConvTranspose", gradient, builder.weight(conv.weight),
            kernel_shape=list(conv.weight.shape[2:]), strides=[conv.stride] * 2,
            pads=[top, left, *ends], group=conv.groups,
        )  # fmt: skip
        if not padded:
            more = builder.ints(0, 0, 0, 0, 0, 0, missed, missed)
            reached = builder.op("Pad", reached, more)
        return crop(builder, reached, like)

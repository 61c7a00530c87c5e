"""Adjoints for OpenVINO's provider (the form `openvino`): the plain ones, but for a way around."""

from __future__ import annotations

from .builder import Builder
from .plain import Plain, crop, transposed_stride_1
from .tape import Conv


class OpenVino(Plain):
    """See `forms.Form`."""

    def transposed(self, builder: Builder, gradient: str, conv: Conv, like: str) -> str:
        if conv.stride == 1:
            return transposed_stride_1(builder, gradient, conv)
        # OpenVINO 2025.4 computes some transposed convolutions wrongly that have output padding
        # (96 channels to 96, 4x6 to 10x14), so the rows and columns that it would add are padded on
        top, left, _, _ = conv.pads
        reached = builder.op(
            "ConvTranspose", gradient, builder.weight(conv.weight),
            kernel_shape=list(conv.weight.shape[2:]), strides=[conv.stride] * 2,
            pads=[top, left, 0, 0], group=conv.groups,
        )  # fmt: skip
        missed = conv.stride - 1
        padded = builder.op("Pad", reached, builder.ints(0, 0, 0, 0, 0, 0, missed, missed))
        return crop(builder, padded, like)

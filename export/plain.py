"""Adjoints in plain operators that every provider has: the form for TensorRT and CUDA."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .builder import Builder
from .tape import Conv, MaxPool, Rectify


def crop(builder: Builder, value: str, like: str) -> str:
    """The top left of `value`, as high and wide as `like`."""
    sizes = builder.op("Slice", builder.op("Shape", like), builder.ints(2), builder.ints(4))
    return builder.op("Slice", value, builder.ints(0, 0), sizes, builder.ints(2, 3))


def flipped(conv: Conv) -> np.ndarray:
    """Weights [I, O / groups, kh, kw] of the convolution that is the adjoint at stride 1."""
    outputs, inputs, height, width = conv.weight.shape
    grouped = conv.weight.reshape(conv.groups, outputs // conv.groups, inputs, height, width)
    turned = grouped.transpose(0, 2, 1, 3, 4)[..., ::-1, ::-1]
    return turned.reshape(conv.groups * inputs, outputs // conv.groups, height, width)


def transposed_stride_1(builder: Builder, gradient: str, conv: Conv) -> str:
    """Adjoint of a stride-1 convolution: a convolution with flipped, transposed weights."""
    height, width = conv.weight.shape[2:]
    top, left, bottom, right = conv.pads
    return builder.op(
        "Conv", gradient, builder.weight(flipped(conv)), kernel_shape=[height, width],
        pads=[height - 1 - top, width - 1 - left, height - 1 - bottom, width - 1 - right],
        group=conv.groups,
    )  # fmt: skip


def transposed_strided(builder: Builder, gradient: str, conv: Conv, like: str) -> str:
    """Adjoint of a strided convolution: ConvTranspose, at most a stride too large, cropped.

    Raises ValueError for one that is padded more before than after, which no network here is.
    """
    top, left, bottom, right = conv.pads
    if top > bottom or left > right:
        raise ValueError(f"no adjoint of a strided convolution with pads {conv.pads}")
    full = builder.op(
        "ConvTranspose", gradient, builder.weight(conv.weight),
        kernel_shape=list(conv.weight.shape[2:]), strides=[conv.stride] * 2,
        pads=[top, left] * 2, output_padding=[conv.stride - 1] * 2, group=conv.groups,
    )  # fmt: skip
    return crop(builder, full, like)


class Plain:
    """See `forms.Form`."""

    parts: Mapping[int, int] = {}
    # onnxruntime's CUDA provider leaves others to the processor, and records nothing then
    even = True

    def rectify(
        self, builder: Builder, gradient: str, output: str, ceiling: float | None, channels: int
    ) -> str:
        # one choice inside the other: OpenVINO's provider leaves a logical And, and with it all
        # of the forward pass, to onnxruntime's own kernels
        if ceiling is not None:
            below = builder.op("Less", output, builder.weight(ceiling))
            gradient = builder.op("Where", below, gradient, builder.weight(0))
        above = builder.op("Greater", output, builder.weight(0))
        return builder.op("Where", above, gradient, builder.weight(0))

    def max_pool(
        self, builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, channels: int
    ) -> str:
        # a window's maximum is the maximum over its rows of each row's maximum, so the gradient
        # goes to the first row that has it and, in that row, to the first column
        rows = builder.op(
            "MaxPool", before, kernel_shape=[1, pool.kernel], strides=[1, pool.stride],
            pads=[0, pool.padding] * 2, ceil_mode=int(pool.ceil and pool.stride > 1),
        )  # fmt: skip
        down = along(builder, gradient, rows, after, pool, axis=2)
        return along(builder, down, before, rows, pool, axis=3)

    def transposed(self, builder: Builder, gradient: str, conv: Conv, like: str) -> str:
        if conv.stride == 1:
            return transposed_stride_1(builder, gradient, conv)
        return transposed_strided(builder, gradient, conv, like)

    def expansion(
        self,
        builder: Builder,
        gradient: str,
        strided: Conv,
        rectify: Rectify,
        output: str,
        pointwise: Conv,
        like: str,
    ) -> str | None:
        return None


def along(
    builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, axis: int
) -> str:
    """The adjoint of a max pool along one axis: to the first largest value of every window.

    `before` [.., n, ..] was pooled to `after` [.., m, ..] along `axis`.
    """
    kernel, stride, padding = pool.kernel, pool.stride, pool.padding
    # The last entry of a window may lie beyond the end, but is compared with nothing.
    reaches = stride > 1 and kernel <= stride + 1 and not padding
    padded = before if reaches else _pad(builder, before, axis, padding, padding + stride - 1)
    length = builder.op(
        "Slice", builder.op("Shape", after), builder.ints(axis), builder.ints(axis + 1)
    )
    taps = []
    rest = gradient
    for tap in range(kernel - 1):
        in_place = stride == 1 and tap == padding
        value = before if in_place else _every(builder, padded, axis, tap, stride, length)
        first = builder.op("GreaterOrEqual", value, after)
        taken = builder.op("Where", first, rest, builder.weight(0))
        rest = builder.op("Sub", rest, taken)
        taps.append(taken)
    taps.append(rest)
    if stride == 1:
        # window j starts at j - padding: tap k of window j is position j + k - padding
        total = ""
        for tap, taken in enumerate(taps):
            if tap != padding:
                shifted = _pad(builder, taken, axis, tap, kernel - 1 - tap, fill=0)
                total = builder.op("Add", total, shifted) if total else shifted
        size = builder.op("Add", length, builder.ints(padding))
        moved = builder.op("Slice", total, builder.ints(padding), size, builder.ints(axis))
        return builder.op("Add", moved, taps[padding])
    even = _pad(builder, taps[0], axis, 0, 1, fill=0)
    if kernel == 3:
        even = builder.op("Add", even, _pad(builder, taps[2], axis, 1, 0, fill=0))
    odd = _pad(builder, taps[1], axis, 0, 1, fill=0)
    return crop(builder, _interleave(builder, even, odd, axis), before)


LOWEST = -60000.0
"""Padding below any activation, inside float16's range."""


def _pad(
    builder: Builder, value: str, axis: int, start: int, end: int, fill: float = LOWEST
) -> str:
    if start == end == 0:
        return value
    pads = [0] * 8
    pads[axis], pads[axis + 4] = start, end
    return builder.op("Pad", value, builder.ints(*pads), builder.weight(fill))


def _every(builder: Builder, value: str, axis: int, start: int, step: int, count: str) -> str:
    """`count` entries of `value` along `axis`: start, start + step, ..."""
    last = builder.op("Mul", builder.op("Sub", count, builder.ints(1)), builder.ints(step))
    end = builder.op("Add", last, builder.ints(start + 1))
    return builder.op(
        "Slice", value, builder.ints(start), end, builder.ints(axis), builder.ints(step)
    )


def _interleave(builder: Builder, even: str, odd: str, axis: int) -> str:
    """even, odd, even, ... along `axis`."""
    parts = [builder.op("Unsqueeze", part, builder.ints(axis + 1)) for part in (even, odd)]
    pairs = builder.op("Concat", *parts, axis=axis + 1)
    tail = builder.op("Slice", builder.op("Shape", even), builder.ints(axis + 1), builder.ints(4))
    head = builder.ints(*[0] * axis, -1)
    shape = builder.op("Concat", head, tail, axis=0) if axis == 2 else head
    return builder.op("Reshape", pairs, shape)

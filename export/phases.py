"""Strided adjoints as phases: one small stride-1 convolution for every position modulo two.

The adjoint of a stride-2 operation writes four interleaved images, one for each combination of
even and odd rows and columns. Each is an ordinary convolution of the gradient, so none of the
zeros that a zero-inserted transposed convolution would multiply ever exist (sub-pixel
convolution, Shi et al. 2016, arXiv:1609.05158).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .builder import Builder
from .plain import crop
from .tape import Conv

EVEN_AND_ODD = (0, 1)
EVEN, EITHER = (100,), (100, 101)
"""Lengths of an input that stand for all that are even, and for all."""
BLOCK = 16
"""Channels that a provider computes together, at most."""


@dataclass(frozen=True)
class Axis:
    """One phase along one axis: the kernel entries it uses, and the padding that places them."""

    taps: tuple[int, ...]
    before: int
    after: int


def beyond(kernel: int, start: int, end: int, lengths: Sequence[int] = EITHER) -> int:
    """How many entries a phase has more than the stride-2 convolution has outputs.

    Enough for input lengths like `lengths`.
    """
    return max((length + 1) // 2 - ((length + start + end - kernel) // 2 + 1) for length in lengths)


def axis(kernel: int, start: int, end: int, phase: int, lengths: Sequence[int] = EITHER) -> Axis:
    """Phase `phase` of a stride-2 convolution padded by `start` and `end`.

    Entry i = 2 q + phase of the input meets kernel entry i + start - 2 p at output p; with
    d = q - p that is phase + start + 2 d, so d runs over all that fall inside the kernel.
    """
    largest = (kernel - 1 - phase - start) // 2
    smallest = -((phase + start) // 2)
    extra = beyond(kernel, start, end, lengths)
    taps = tuple(phase + start + 2 * d for d in range(largest, smallest - 1, -1))
    return Axis(taps, largest, extra - smallest)


def images(
    builder: Builder, gradient: str, conv: Conv, lengths: Sequence[int] = EITHER
) -> list[str]:
    """The four phases of the adjoint of a stride-2 convolution: rows even or odd, then columns.

    Each is [1, I, h, w], of one size, which is enough for inputs of either parity.
    """
    top, left, bottom, right = conv.pads
    height, width = conv.weight.shape[2:]
    written = []
    for row in EVEN_AND_ODD:
        down = axis(height, top, bottom, row, lengths)
        for column in EVEN_AND_ODD:
            along = axis(width, left, right, column, lengths)
            taken = conv.weight[:, :, down.taps][..., along.taps]
            # a depthwise weight [C, 1, h, w] is its own transpose
            turned = taken if conv.groups > 1 else taken.transpose(1, 0, 2, 3)
            image = builder.op(
                "Conv", gradient, builder.weight(turned),
                kernel_shape=[len(down.taps), len(along.taps)], group=conv.groups,
                pads=[down.before, along.before, down.after, along.after],
            )  # fmt: skip
            written.append(image)
    return written


def stacked(builder: Builder, gradient: str, conv: Conv, lengths: Sequence[int] = EITHER) -> str:
    """`images` side by side along the channels, [1, 4 I, h, w].

    Where there are few channels, all four phases are one convolution: providers compute in blocks
    of channels, and four phases of a colour image fill one.
    """
    outputs, inputs, height, width = conv.weight.shape
    if conv.groups > 1 or 4 * inputs > BLOCK:
        return builder.op("Concat", *images(builder, gradient, conv, lengths), axis=1)
    top, left, bottom, right = conv.pads
    rows = [axis(height, top, bottom, phase, lengths) for phase in EVEN_AND_ODD]
    columns = [axis(width, left, right, phase, lengths) for phase in EVEN_AND_ODD]
    # one padding for all: a phase that wants less of it has its taps further inside the kernel
    before = [max(phase.before for phase in phases) for phases in (rows, columns)]
    after = [max(phase.after for phase in phases) for phases in (rows, columns)]
    shape = [
        max(before[turn] - phase.before + len(phase.taps) for phase in phases)
        for turn, phases in enumerate((rows, columns))
    ]
    weight = np.zeros((4, inputs, outputs, *shape), np.float32)
    for image, (down, along) in zip(weight, itertools.product(rows, columns), strict=True):
        taken = conv.weight[:, :, down.taps][..., along.taps].transpose(1, 0, 2, 3)
        first, left = before[0] - down.before, before[1] - along.before
        image[:, :, first : first + len(down.taps), left : left + len(along.taps)] = taken
    return builder.op(
        "Conv", gradient, builder.weight(weight.reshape(4 * inputs, outputs, *shape)),
        kernel_shape=shape, pads=[*before, *after],
    )  # fmt: skip


def transposed(
    builder: Builder, gradient: str, conv: Conv, like: str, lengths: Sequence[int] = EITHER
) -> str:
    """The adjoint of a stride-2 convolution, its input being as large as `like`.

    lengths: what its sides are like, or those that `gradient` was made long enough for.
    """
    channels = conv.weight.shape[0 if conv.groups > 1 else 1]
    written = interleave(builder, stacked(builder, gradient, conv, lengths), channels)
    return crop(builder, written, like)


def interleave(builder: Builder, stacked: str, channels: int) -> str:
    """Four images [1, 4 C, h, w] (rows even or odd, then columns) as one [1, C, 2 h, 2 w].

    DepthToSpace, written as two transposes that providers run as block copies.
    """
    width = builder.op("Slice", builder.op("Shape", stacked), builder.ints(3), builder.ints(4))
    doubled = builder.op("Mul", width, builder.ints(2))
    shape = builder.op("Concat", builder.ints(2, 2, -1), width, axis=0)
    rows = builder.op("Reshape", stacked, shape)
    rows = builder.op("Transpose", rows, perm=[1, 2, 0, 3])
    columns = builder.op("Transpose", builder.op("Reshape", rows, builder.ints(2, -1)), perm=[1, 0])
    final = builder.op("Concat", builder.ints(1, channels, -1), doubled, axis=0)
    return builder.op("Reshape", columns, final)

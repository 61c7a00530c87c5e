"""Strided adjoints as phases: one small stride-1 convolution for every position modulo two.

The adjoint of a stride-2 operation writes four interleaved images, one for each combination of
even and odd rows and columns. Each is an ordinary convolution of the gradient, so none of the
zeros that a zero-inserted transposed convolution would multiply ever exist (sub-pixel
convolution, Shi et al. 2016, arXiv:1609.05158).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .builder import Builder
from .plain import crop
from .tape import Conv

EVEN_AND_ODD = (0, 1)


@dataclass(frozen=True)
class Axis:
    """One phase along one axis: the kernel entries it uses, and the padding that places them."""

    taps: tuple[int, ...]
    before: int
    after: int


def axis(kernel: int, start: int, end: int, phase: int) -> Axis:
    """Phase `phase` of a stride-2 convolution padded by `start` and `end`.

    Entry i = 2 q + phase of the input meets kernel entry i + start - 2 p at output p; with
    d = q - p that is phase + start + 2 d, so d runs over all that fall inside the kernel.
    Enough outputs are made for input lengths of either parity.
    """
    largest = (kernel - 1 - phase - start) // 2
    smallest = -((phase + start) // 2)
    extra = max(
        (length + 1) // 2 - ((length + start + end - kernel) // 2 + 1) for length in (100, 101)
    )
    taps = tuple(phase + start + 2 * d for d in range(largest, smallest - 1, -1))
    return Axis(taps, largest, extra - smallest)


def transposed(builder: Builder, gradient: str, conv: Conv, like: str) -> str:
    """The adjoint of a stride-2 convolution, its input being as large as `like`."""
    top, left, bottom, right = conv.pads
    height, width = conv.weight.shape[2:]
    images = []
    for row in EVEN_AND_ODD:
        down = axis(height, top, bottom, row)
        for column in EVEN_AND_ODD:
            along = axis(width, left, right, column)
            taken = conv.weight[:, :, down.taps][..., along.taps]
            # a depthwise weight [C, 1, h, w] is its own transpose
            turned = taken if conv.groups > 1 else taken.transpose(1, 0, 2, 3)
            image = builder.op(
                "Conv", gradient, builder.weight(turned),
                kernel_shape=[len(down.taps), len(along.taps)], group=conv.groups,
                pads=[down.before, along.before, down.after, along.after],
            )  # fmt: skip
            images.append(image)
    channels = conv.weight.shape[0 if conv.groups > 1 else 1]
    return crop(builder, interleave(builder, images, channels), like)


def interleave(builder: Builder, images: Sequence[str], channels: int) -> str:
    """Four images [1, C, h, w] (rows even or odd, then columns) as one [1, C, 2 h, 2 w].

    DepthToSpace, written as two transposes that providers run as block copies.
    """
    stacked = builder.op("Concat", *images, axis=1)
    width = builder.op("Slice", builder.op("Shape", images[0]), builder.ints(3), builder.ints(4))
    doubled = builder.op("Mul", width, builder.ints(2))
    shape = builder.op("Concat", builder.ints(2, 2, -1), width, axis=0)
    rows = builder.op("Reshape", stacked, shape)
    rows = builder.op("Transpose", rows, perm=[1, 2, 0, 3])
    columns = builder.op("Transpose", builder.op("Reshape", rows, builder.ints(2, -1)), perm=[1, 0])
    final = builder.op("Concat", builder.ints(1, channels, -1), doubled, axis=0)
    return builder.op("Reshape", columns, final)

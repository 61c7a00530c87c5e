"""Adjoints that stay in the blocked layout of onnxruntime's CPU kernels (the form `cpu`).

Those kernels keep 16 channels side by side, and only some operators work there: convolutions,
pools, Add, Mul, Concat, activations. Every other operator costs a reorder of its inputs and
outputs on top of its own, mostly slow, loop. So comparisons are written as activations: a hard
sigmoid with a huge slope is the indicator of a positive number, and depthwise convolutions with
a single 1 in their kernel shift and subsample.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import phases
from .builder import Builder
from .plain import transposed_stride_1
from .tape import Conv, MaxPool, Rectify

HUGE = float(2.0**100)
"""Slope of the indicator: a power of two, so that products with it do not round."""
HUGE_HALF = float(2.0**13)
"""The same within float16, whose smallest normal number is 2^-14."""


def huge(builder: Builder) -> float:
    """The slope of the indicator in the type the network computes in."""
    return HUGE if builder.real is np.float32 else HUGE_HALF


def positive(builder: Builder, value: str) -> str:
    """1 where `value` is positive, else 0 (exact above 1 / HUGE)."""
    return builder.op("HardSigmoid", value, alpha=huge(builder), beta=0.0)


class Blocked:
    """See `forms.Form`."""

    parts: Mapping[int, int] = {}
    even = False

    def rectify(
        self, builder: Builder, gradient: str, output: str, ceiling: float | None, channels: int
    ) -> str:
        if ceiling is None:
            return builder.op("Mul", gradient, positive(builder, output))
        return builder.op("Mul", gradient, _inside(builder, output, ceiling, _Pick(channels)))

    def max_pool(
        self, builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, channels: int
    ) -> str:
        if pool.stride == 1:
            return _pool_stride_1(builder, gradient, before, after, pool, channels)
        return _pool_stride_2(builder, gradient, before, after, pool, channels)

    def transposed(self, builder: Builder, gradient: str, conv: Conv, like: str) -> str:
        if conv.stride == 1:
            return transposed_stride_1(builder, gradient, conv)
        return phases.transposed(builder, gradient, conv, like)

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
        # the activation and the pointwise convolution take each phase for itself, so that only
        # the few channels before the expansion have to be interleaved
        channels = pointwise.weight.shape[0]
        top, left, bottom, right = strided.pads
        height, width = strided.weight.shape[2:]
        images = []
        for image, (row, column) in zip(
            phases.images(builder, gradient, strided),
            itertools.product(phases.EVEN_AND_ODD, repeat=2),
            strict=True,
        ):
            ends = [
                start + end - kernel + 2 * phases.beyond(kernel, start, end) + phase + 1
                for kernel, start, end, phase in (
                    (height, top, bottom, row), (width, left, right, column)
                )
            ]  # fmt: skip
            here = _Pick(channels, (row, column), (0, 0, ends[0], ends[1]), stride=2)
            if rectify.ceiling is None:
                passed = positive(builder, here.write(builder, output))
            else:
                passed = _inside(builder, output, rectify.ceiling, here)
            masked = builder.op("Mul", image, passed)
            images.append(transposed_stride_1(builder, masked, pointwise))
        stacked = builder.op("Concat", *images, axis=1)
        whole = phases.interleave(builder, stacked, pointwise.weight.shape[1])
        return phases.crop(builder, whole, like)


@dataclass(frozen=True)
class _Pick:
    """value[stride * position + at - pads before it] of every channel: a depthwise shift.

    `pads` are zeros at top, left, bottom, right; the kernel is no larger than `at` needs, unless
    `kernel` says so.
    """

    channels: int
    at: tuple[int, int] = (0, 0)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    stride: int = 1
    kernel: tuple[int, int] | None = None

    def write(self, builder: Builder, value: str, factor: float = 1.0) -> str:
        """Write `factor` times it."""
        kernel = self.kernel or (self.at[0] + 1, self.at[1] + 1)
        weight = np.zeros((self.channels, 1, *kernel), np.float32)
        weight[:, :, self.at[0], self.at[1]] = factor
        return builder.op(
            "Conv", value, builder.weight(weight), kernel_shape=list(kernel),
            strides=[self.stride] * 2, pads=list(self.pads), group=self.channels,
        )  # fmt: skip


def _inside(builder: Builder, value: str, ceiling: float, pick: _Pick) -> str:
    """1 where 0 < `value` < `ceiling`, else 0, for values in 0..`ceiling`, at what `pick` picks.

    What is positive is raised to the ceiling; then what differs from its raised self is inside.
    Both passes are convolutions with an activation, one loop each.
    """
    steep = pick.write(builder, value, huge(builder))
    raised = builder.op("Clip", steep, builder.weight(0), builder.weight(ceiling))
    return positive(builder, builder.op("Add", pick.write(builder, value, -1), raised))


def _remaining(builder: Builder, gradient: str, candidates: list[str], after: str) -> list[str]:
    """What is left of the gradient before each tap of a window, in scan order.

    `candidates` are the window's values at every tap but the last, negated. A tap takes the
    gradient if it equals the maximum and none before it did.
    """
    rest = [gradient]
    for negated in candidates:
        smaller = positive(builder, builder.op("Add", negated, after))
        rest.append(builder.op("Mul", rest[-1], smaller))
    return rest


def _pool_stride_2(
    builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, channels: int
) -> str:
    """Values must not be negative: padding counts as zero here."""
    size = pool.kernel
    taps = [(row, column) for row in range(size) for column in range(size)]
    # A row and a column of zeros at the end, where the last windows' shares may move to: no
    # gradient there. Tap k of all windows is a subsample, padded so that it is as large.
    larger = _Pick(channels, pads=(0, 0, 1, 1))
    gradient, after = larger.write(builder, gradient), larger.write(builder, after)
    edge = 3 - size + int(pool.ceil)
    negated = []
    for row, column in taps[:-1]:
        tap = _Pick(channels, (row, column), (0, 0, edge + row, edge + column), stride=2)
        negated.append(tap.write(builder, before, -1))
    rest = _remaining(builder, gradient, negated, after)
    images: dict[tuple[int, int], str] = {}
    # a tap's share is what was left before it minus what is left after it; tap (2, .) of window p
    # is tap (0, .) of the phase image at p + 1
    for number, (row, column) in enumerate(taps):
        phase, shift = (row % 2, column % 2), (row // 2, column // 2)
        move = _Pick(channels, pads=(*shift, 0, 0), kernel=(1 + shift[0], 1 + shift[1]))
        for value, factor in zip(rest[number : number + 2], (1, -1), strict=False):
            moved = value if factor > 0 and not any(shift) else move.write(builder, value, factor)
            images[phase] = builder.op("Add", moved, images[phase]) if phase in images else moved
    ordered = [images[row, column] for row in (0, 1) for column in (0, 1)]
    stacked = builder.op("Concat", *ordered, axis=1)
    return phases.crop(builder, phases.interleave(builder, stacked, channels), before)


def _pool_stride_1(
    builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, channels: int
) -> str:
    """Rows, then columns: the first row that has the maximum, in it the first column.

    Values must not be negative: padding counts as zero here.
    """
    size, edge = pool.kernel, pool.padding
    rows = builder.op(
        "MaxPool", before, kernel_shape=[1, size], strides=[1, 1], pads=[0, edge, 0, edge]
    )
    for source, target, turn in ((rows, after, 0), (before, rows, 1)):
        kernel = (size, 1) if turn == 0 else (1, size)
        pads = (edge, 0, edge, 0) if turn == 0 else (0, edge, 0, edge)

        def at(tap: int, turn: int = turn) -> tuple[int, int]:
            return (tap, 0) if turn == 0 else (0, tap)

        negated = [
            _Pick(channels, at(tap), pads, kernel=kernel).write(builder, source, -1)
            for tap in range(size - 1)
        ]
        rest = _remaining(builder, gradient, negated, target)
        # tap k of window j is position j + k - edge, so its share moves by edge - k; the shares
        # are differences of `rest`, gathered so that every one of them is read once
        total = ""
        for number, value in enumerate(rest):
            weight = np.zeros((channels, 1, *kernel), np.float32)
            weight[(slice(None), 0, *at(size - 1 - number))] += 1
            if number:
                weight[(slice(None), 0, *at(size - number))] -= 1
            moved = builder.op(
                "Conv", value, builder.weight(weight), kernel_shape=list(kernel),
                pads=list(pads), group=channels,
            )  # fmt: skip
            total = builder.op("Add", moved, total) if total else moved
        gradient = total
    return gradient

"""Adjoints that stay in the blocked layout of onnxruntime's CPU kernels (the form `cpu`).

Those kernels keep 16 channels side by side, and only some operators work there: convolutions,
pools, Add, Mul, Concat, activations. Every other operator costs a reorder of its inputs and
outputs on top of its own, mostly slow, loop. So comparisons are written as activations: a hard
sigmoid with a huge slope is the indicator of a positive number, and depthwise convolutions with
a single 1 in their kernel shift and subsample.
"""

from __future__ import annotations

import numpy as np

from . import phases
from .builder import Builder
from .plain import transposed_stride_1
from .tape import Conv, MaxPool

HUGE = float(2.0**100)
"""Slope of the indicator: a power of two, so that products with it do not round."""
HUGE_HALF = float(2.0**13)
"""The same within float16, whose smallest normal number is 2^-14."""


def _huge(builder: Builder) -> float:
    return HUGE if builder.real is np.float32 else HUGE_HALF


def positive(builder: Builder, value: str) -> str:
    """1 where `value` is positive, else 0 (exact above 1 / HUGE)."""
    return builder.op("HardSigmoid", value, alpha=_huge(builder), beta=0.0)


def below(builder: Builder, value: str, bound: float) -> str:
    """1 where `value` is below `bound`, else 0."""
    huge = _huge(builder)
    return builder.op("HardSigmoid", value, alpha=-huge, beta=bound * huge)


class Blocked:
    """See `forms.Form`."""

    def rectify(self, builder: Builder, gradient: str, output: str, ceiling: float | None) -> str:
        passed = builder.op("Mul", gradient, positive(builder, output))
        if ceiling is None:
            return passed
        return builder.op("Mul", passed, below(builder, output, ceiling))

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


def _pick(
    builder: Builder,
    value: str,
    channels: int,
    kernel: tuple[int, int],
    at: tuple[int, int],
    pads: tuple[int, int, int, int],
    *,
    stride: tuple[int, int] = (1, 1),
    factor: float = 1.0,
) -> str:
    """factor * value[stride * position + at - pads before it], zero outside: a depthwise shift."""
    weight = np.zeros((channels, 1, *kernel), np.float32)
    weight[:, :, at[0], at[1]] = factor
    return builder.op(
        "Conv", value, builder.weight(weight), kernel_shape=list(kernel), strides=list(stride),
        pads=list(pads), group=channels,
    )  # fmt: skip


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
    pads = (0, 0, int(pool.ceil), int(pool.ceil))
    taps = [(row, column) for row in range(size) for column in range(size)]
    negated = [
        _pick(builder, before, channels, (size, size), tap, pads, stride=(2, 2), factor=-1.0)
        for tap in taps[:-1]
    ]
    rest = _remaining(builder, gradient, negated, after)
    images: dict[tuple[int, int], str] = {}
    # a tap's share is what was left before it minus what is left after it; tap (2, .) of window
    # p is tap (0, .) of the phase image at p + 1, and the images are one larger than the output
    for number, (row, column) in enumerate(taps):
        phase = (row % 2, column % 2)
        at = (1 - row // 2, 1 - column // 2)
        for value, factor in zip(rest[number : number + 2], (1.0, -1.0), strict=False):
            moved = _pick(builder, value, channels, (2, 2), at, (1, 1, 1, 1), factor=factor)
            images[phase] = builder.op("Add", moved, images[phase]) if phase in images else moved
    ordered = [images[row, column] for row in (0, 1) for column in (0, 1)]
    return phases.crop(builder, phases.interleave(builder, ordered, channels), before)


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
            _pick(builder, source, channels, kernel, at(tap), pads, factor=-1.0)
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

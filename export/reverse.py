"""The reverse pass: the gradient of the objective walked back along the tape to the image.

Every operation hands the gradient of its output to its inputs as contributions. A contribution
through a convolution is kept unapplied for as long as possible, for two savings: where a value
is a concatenation, the transposed convolution is split by output channels instead of computing
a gradient and slicing it; and 1x1 convolutions that read the same value are transposed as one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np

from .builder import Builder
from .forms import Form
from .forward import around_centre
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


@dataclass(frozen=True)
class Through:
    """A gradient at the output of a convolution, still to be taken through it."""

    conv: Conv
    gradient: str

    def part(self, start: int, stop: int) -> Through:
        """The contribution to input channels [start, stop)."""
        return replace(self, conv=replace(self.conv, weight=self.conv.weight[:, start:stop]))


def is_pointwise(conv: Conv) -> bool:
    """Whether it is a dense 1x1 convolution of stride 1."""
    return conv.weight.shape[2:] == (1, 1) and conv.stride == 1 and conv.groups == 1


def _merges(conv: Conv) -> bool:
    return is_pointwise(conv) and not conv.apart


Contribution = str | Through
"""A finished gradient (a value of the graph), or one still to be taken through a convolution."""


class Reverse:
    """One walk back. `values` are the forward values in the graph, by their name on the tape."""

    def __init__(self, builder: Builder, tape: Tape, values: dict[str, str], form: Form) -> None:
        self.builder = builder
        self.tape = tape
        self.values = values
        self.form = form
        self.producers = {op.output: op for op in tape.operations}
        reads = [name for op in tape.operations for name in op.inputs]
        self.readers = Counter([*reads, *tape.taps.values()])
        self.pending: dict[str, list[Contribution]] = defaultdict(list)
        self.totals: dict[str, str] = {}
        """The finished gradient of a value of the tape, where there is one."""

    def seed(self, value: str, gradient: str) -> dict[str, str]:
        """Begin at `value` too, with `gradient`. Returns what begins where: at `value`, or at the
        parts of a concatenation."""
        before = {part: len(contributions) for part, contributions in self.pending.items()}
        self.push(value, gradient)
        return {
            part: str(contributions[-1])
            for part, contributions in self.pending.items()
            if len(contributions) > before.get(part, 0)
        }

    def push(self, value: str, contribution: Contribution) -> None:
        """Add a contribution to the gradient of `value`; concatenations pass it to their parts."""
        producer = self.producers.get(value)
        if not isinstance(producer, Concat):
            self.pending[value].append(contribution)
            return
        sizes = [self.tape.channels[part] for part in producer.parts]
        if isinstance(contribution, Through) and contribution.conv.stride > 1:
            # strided adjoints interleave, which is cheaper once for all parts
            contribution = self._transposed(contribution, value)
        if isinstance(contribution, str):
            pieces: list[Contribution] = [*self.builder.split(contribution, sizes, axis=1)]
        else:
            ends = np.cumsum(sizes).tolist()
            pieces = [
                contribution.part(end - size, end) for size, end in zip(sizes, ends, strict=True)
            ]
        for part, piece in zip(producer.parts, pieces, strict=True):
            self.push(part, piece)

    def gradient(self) -> str:
        """Walk back from everything pushed; returns the gradient of the image."""
        for operation in reversed(self.tape.operations):
            contributions = self.pending.pop(operation.output, None)
            if contributions and not self._back_through_expansion(operation, contributions):
                total = self._sum(contributions, operation.output)
                self.totals[operation.output] = total
                self._back(operation, total)
        return self._sum(self.pending.pop(IMAGE), IMAGE)

    def _back(self, operation: Operation, gradient: str) -> None:
        builder, values = self.builder, self.values
        match operation:
            case Shift(source=source):
                self.push(source, gradient)
            case Conv(source=source):
                self.push(source, Through(operation, gradient))
            case Rectify(source=source, ceiling=ceiling):
                output, channels = values[operation.output], self.tape.channels[source]
                passed = self.form.rectify(builder, gradient, output, ceiling, channels)
                self.push(source, passed)
            case MaxPool(source=source):
                self._back_through_pool(operation, source, gradient)
            case AveragePool(source=source, kernel=kernel):
                # symmetric in input and output, hence its own adjoint
                adjoint = builder.op(
                    "AveragePool", gradient, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4,
                    count_include_pad=1,
                )  # fmt: skip
                self.push(source, adjoint)
            case Mean(source=source):
                self.push(source, _spread(builder, gradient, values[source]))
            case Centre(source=source):
                before, after = around_centre(builder, values[source])
                none = builder.ints(0, 0)
                pads = builder.op("Concat", none, before, none, after, axis=0)
                self.push(source, builder.op("Pad", gradient, pads))
            case Add(left=left, right=right):
                self.push(left, gradient)
                self.push(right, gradient)
            case _:
                raise TypeError(f"no reverse rule for {type(operation).__name__}")

    def _back_through_expansion(
        self, operation: Operation, contributions: list[Contribution]
    ) -> bool:
        """Take a strided convolution, activation and 1x1 convolution in one, where that is all
        there is; true if done."""
        if not isinstance(operation, Rectify) or len(contributions) > 1:
            return False
        (strided,) = contributions
        producer = self.producers.get(operation.source)
        if not (
            isinstance(strided, Through)
            and strided.conv.stride == 2
            and isinstance(producer, Conv)
            and is_pointwise(producer)
            and self.readers[operation.source] == 1
        ):
            return False
        gradient = self.form.expansion(
            self.builder, strided.gradient, strided.conv, operation,
            self.values[operation.output], producer, self.values[producer.source],
        )  # fmt: skip
        if gradient is None:
            return False
        self.push(producer.source, gradient)
        return True

    def _back_through_pool(self, pool: MaxPool, source: str, gradient: str) -> None:
        after, before = self.values[pool.output], self.values[source]
        producer = self.producers.get(source)
        if isinstance(producer, Rectify) and self.readers[source] == 1:
            # the gradient only reaches values equal to the maximum, so the activation's mask can
            # be read off the pooled, smaller image
            channels = self.tape.channels[source]
            gradient = self.form.rectify(self.builder, gradient, after, producer.ceiling, channels)
            source = producer.source
        channels = self.tape.channels[source]
        routed = self.form.max_pool(self.builder, gradient, before, after, pool, channels)
        self.push(source, routed)

    def _sum(self, contributions: list[Contribution], value: str) -> str:
        finished = [c for c in contributions if isinstance(c, str)]
        through = [c for c in contributions if isinstance(c, Through)]
        pointwise = [c for c in through if _merges(c.conv)]
        if len(pointwise) > 1:
            through = [c for c in through if not _merges(c.conv)]
            through.append(self._merged(pointwise))
        for contribution in through:
            finished.append(self._transposed(contribution, value))
        total = finished[0]
        for term in finished[1:]:
            total = self.builder.op("Add", total, term)
        return total

    def _transposed(self, through: Through, value: str) -> str:
        like = self.values[value]
        return self.form.transposed(self.builder, through.gradient, through.conv, like)

    def _merged(self, pointwise: list[Through]) -> Through:
        joined = self.builder.op("Concat", *[c.gradient for c in pointwise], axis=1)
        weight = np.concatenate([c.conv.weight for c in pointwise])
        return Through(replace(pointwise[0].conv, weight=weight, bias=None), joined)


def _spread(builder: Builder, gradient: str, like: str) -> str:
    """The adjoint of a mean over positions: the gradient at every position, over their number."""
    positions = builder.op("Slice", builder.op("Shape", like), builder.ints(2), builder.ints(4))
    count = builder.cast(builder.op("ReduceProd", positions, keepdims=0), np.float32)
    wide = builder.op("Div", builder.cast(gradient, np.float32), count)
    return builder.op("Expand", builder.cast(wide, builder.real), builder.op("Shape", like))

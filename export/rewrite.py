"""Rewrites of the tape that change no value but save work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from .tape import IMAGE, Add, AveragePool, Conv, MaxPool, Operation, Rectify, Tape


def pool_after_projection(tape: Tape) -> Tape:
    """Average pool then 1x1 convolution, as 1x1 convolution then depthwise mean with the bias.

    Both are linear and act on different axes, so they commute; the pool then runs on the few
    channels the projection leaves, and bias and activation fuse with it.
    """
    readers = Counter(name for operation in tape.operations for name in operation.inputs)
    pools = {op.output: op for op in tape.operations if isinstance(op, AveragePool)}
    operations: list[Operation] = []
    channels = dict(tape.channels)
    for operation in tape.operations:
        pool = pools.get(operation.source) if isinstance(operation, Conv) else None
        if (
            isinstance(operation, Conv)
            and pool is not None
            and operation.weight.shape[2:] == (1, 1)
            and readers[pool.output] == 1
        ):
            projected = f"{operation.output}_projected"
            width, kernel = operation.weight.shape[0], pool.kernel
            channels[projected] = width
            operations.append(replace(operation, output=projected, source=pool.source, bias=None))
            mean = np.full((width, 1, kernel, kernel), 1 / kernel**2, np.float32)
            edge = kernel // 2
            operations.append(
                Conv(
                    operation.output,
                    projected,
                    mean,
                    operation.bias,
                    1,
                    (edge, edge, edge, edge),
                    width,
                )
            )
        else:
            operations.append(operation)
    read = {name for op in operations for name in op.inputs} | set(tape.taps.values())
    kept = [op for op in operations if op.output in read]
    return Tape(kept, channels, tape.taps)


Expansion = tuple[Conv, Rectify, Conv, Rectify, Conv]
"""A 1x1 convolution to many channels, a depthwise one, and a 1x1 convolution back to few."""


def in_parts(tape: Tape, parts: Mapping[int, int]) -> Tape:
    """Expansions, some of their channels after the others; what the parts yield is summed.

    Every channel between the two 1x1 convolutions comes from itself alone, so the wide values are
    never there as a whole, and a part of them is read again before it leaves the core's own memory.
    parts: how many channels together, by the stride at which an expansion's input lies; where that
    is not in it the expansion stays whole.
    """
    expansions = _expansions(tape)
    within = {op.output for expansion in expansions.values() for op in expansion[:-1]}
    operations: list[Operation] = []
    channels = dict(tape.channels)
    strides = {IMAGE: 1}
    for operation in tape.operations:
        step = operation.stride if isinstance(operation, Conv | MaxPool) else 1
        strides[operation.output] = step * max(strides[name] for name in operation.inputs)
        expansion = expansions.get(operation.output)
        if expansion:
            together = parts.get(strides[expansion[0].source], channels[expansion[0].output])
            for part in _parts(expansion, together):
                operations.append(part)
                channels[part.output] = (
                    part.weight.shape[0] if isinstance(part, Conv) else channels[part.inputs[0]]
                )
        elif operation.output not in within:
            operations.append(operation)
    return Tape(operations, channels, tape.taps)


def _expansions(tape: Tape) -> dict[str, Expansion]:
    """By the value that the last convolution writes; nothing else reads what is within."""
    readers = Counter([*(n for op in tape.operations for n in op.inputs), *tape.taps.values()])
    producers = {op.output: op for op in tape.operations}
    found: dict[str, Expansion] = {}
    for last in tape.operations:
        chain = [last]
        while len(chain) < 5 and (source := producers.get(chain[0].inputs[0])):
            if readers[source.output] > 1:
                break
            chain.insert(0, source)
        match chain:
            case [Conv() as widen, Rectify() as a, Conv() as each, Rectify() as b, Conv() as join]:
                width = widen.weight.shape[0]
                dense = widen.groups == join.groups == 1
                if (
                    dense
                    and widen.weight.shape[2:] == join.weight.shape[2:] == (1, 1)
                    and each.groups == width == each.weight.shape[0]
                ):
                    found[join.output] = (widen, a, each, b, join)
            case _:
                pass
    return found


def _parts(expansion: Expansion, together: int) -> Iterator[Operation]:
    """The operations of `expansion`, `together` channels after the others."""
    widen, first, each, second, join = expansion
    width = widen.weight.shape[0]
    if width <= together:
        yield from expansion
        return
    total = ""
    for start in range(0, width, together):
        here = slice(start, start + together)

        def name(operation: Operation, start: int = start) -> str:
            return f"{operation.output}_{start}"

        yield replace(_outputs(widen, here), output=name(widen), apart=True)
        yield replace(first, output=name(first), source=name(widen))
        depthwise = _outputs(each, here)
        groups = depthwise.weight.shape[0]
        yield replace(depthwise, output=name(each), source=name(first), groups=groups)
        yield replace(second, output=name(second), source=name(each))
        yield replace(
            join,
            output=name(join),
            source=name(second),
            weight=np.ascontiguousarray(join.weight[:, here]),
            bias=None if start else join.bias,
        )
        if start:
            end = start + together >= width
            total, left = join.output if end else f"{name(join)}_sum", total
            yield Add(total, left, name(join))
        else:
            total = name(join)


def _outputs(conv: Conv, here: slice) -> Conv:
    """`conv` with some of its outputs."""
    return replace(
        conv, weight=conv.weight[here], bias=None if conv.bias is None else conv.bias[here]
    )

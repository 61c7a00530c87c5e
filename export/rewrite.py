"""Rewrites of the tape that change no value but save work."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from .tape import AveragePool, Conv, Operation, Tape


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

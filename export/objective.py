"""The objective and where the reverse pass starts: its gradient at every tapped layer.

objective = sum over layers of mean over channels and positions of (1/2 square a^2 + linear a).
At a `layer@match`, `linear` weighs a times the features of a guide that resemble the position most,
as the notebook of 2015 does: the column of `guide` with the largest product with a.
All of it in float32, whatever the network computes in.
"""

from __future__ import annotations

import numpy as np

from .builder import Builder
from .catalogue import parted

SMALLEST = float(np.finfo(np.float32).tiny)


def _per_channel(builder: Builder, name: str, channels: int) -> str:
    return builder.op("Reshape", builder.input(name, [channels]), builder.ints(1, channels, 1, 1))


def _mean(builder: Builder, layer: str, value: str, channels: int) -> None:
    pooled = builder.op("GlobalAveragePool", value)
    if builder.real is not np.float32:
        pooled = builder.cast(pooled, np.float32)
    builder.op("Reshape", pooled, builder.ints(channels), output=f"{layer}.mean")
    builder.output(f"{layer}.mean", [channels])


def _match(builder: Builder, layer: str, activation: str, channels: int) -> str:
    """Of the guide's features, the input `<layer>.guide` of [C * n] values, the best at every
    position, shaped as `activation`; whose own features are the output `<layer>.features`."""
    guide = builder.input(f"{layer}.guide", [f"{layer}_guide"])
    columns = builder.op("Reshape", guide, builder.ints(channels, -1))
    own = builder.op("Reshape", activation, builder.ints(channels, -1))
    builder.op("Identity", own, output=f"{layer}.features")
    builder.output(f"{layer}.features", [channels, f"{layer}_positions"])
    products = builder.op("MatMul", builder.op("Transpose", own, perm=[1, 0]), columns)
    best = builder.op("ArgMax", products, axis=1, keepdims=0)
    chosen = builder.op("Gather", columns, best, axis=1)
    return builder.op("Reshape", chosen, builder.op("Shape", activation))


def write(
    builder: Builder, taps: dict[str, str], channels: dict[str, int]
) -> tuple[dict[str, str], str | None]:
    """Write inputs and output of the objective; returns the seed of every layer and the scale.

    `taps` are the tapped activations [1, C, h, w]. In float16 the seeds are divided by their
    largest absolute value, whatever the steering and the size, so that the gradient neither
    vanishes nor overflows on its way down; the scale to multiply it by is the second result.
    """
    half = builder.real is not np.float32
    seeds: dict[str, str] = {}
    terms: list[str] = []
    axes = builder.ints(0, 1, 2, 3)
    for layer, value in taps.items():
        _mean(builder, layer, value, channels[layer])
        square = _per_channel(builder, f"{layer}.square", channels[layer])
        linear = _per_channel(builder, f"{layer}.linear", channels[layer])
        activation = builder.cast(value, np.float32) if half else value
        sizes = builder.cast(builder.op("Shape", activation), np.float32)
        count = builder.op("ReduceProd", sizes, keepdims=0)
        slope = builder.op("Div", square, count)
        level = builder.op("Div", linear, count)
        if parted(layer)[1] == "match":
            best = _match(builder, layer, activation, channels[layer])
            level = builder.op("Mul", best, level)
        seeds[layer] = builder.op("Add", builder.op("Mul", activation, slope), level)
        # 1/2 square a^2 + linear a = 1/2 a (seed + level), the seed being square a + level
        twice = builder.op("Mul", activation, builder.op("Add", seeds[layer], level))
        total = builder.op("ReduceSum", twice, axes, keepdims=1)
        terms.append(builder.op("Mul", total, builder.constant(np.float32(0.5))))
    # OpenVINO's provider leaves sums without dimensions to another one, but takes this
    together = terms[0] if len(terms) == 1 else builder.op("Sum", *terms)
    builder.op("Squeeze", together, axes, output="objective")
    builder.output("objective", [])
    if not half:
        return seeds, None
    peaks = [builder.op("ReduceMax", builder.op("Abs", s), keepdims=0) for s in seeds.values()]
    peak = builder.op("Max", *peaks, builder.constant(np.float32(SMALLEST)))
    scaled = {name: builder.op("Div", seed, peak) for name, seed in seeds.items()}
    return {name: builder.cast(seed, builder.real) for name, seed in scaled.items()}, peak

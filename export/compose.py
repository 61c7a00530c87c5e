"""One ONNX graph out of a tape: forward pass, objective, reverse pass."""

from __future__ import annotations

import json

import numpy as np
import onnx

from . import forward, objective
from .builder import Builder
from .forms import form as find_form
from .reverse import Reverse
from .rewrite import in_parts, pool_after_projection
from .tape import IMAGE, Shift, Tape


def compose(tape: Tape, *, precision: str, form: str, metadata: dict[str, str]) -> onnx.ModelProto:
    """The gradient graph of `tape`, as the graph contract in docs/architecture.md says.

    Inputs `image` [1, 3, height, width] and, for every layer, `<layer>.square` and
    `<layer>.linear` [C]; outputs `gradient` [1, 3, height, width], `objective` [] and, for every
    layer, `<layer>.mean` [C], its mean activation; all float32.
    """
    chosen = find_form(form)
    tape = in_parts(pool_after_projection(tape), chosen.parts)
    half = precision == "fp16"
    builder = Builder(half=half)
    shape = [1, 3, "height", "width"]
    values = {IMAGE: builder.input(IMAGE, shape)}
    shifted = any(isinstance(operation, Shift) for operation in tape.operations)
    if half and not shifted:
        values[IMAGE] = builder.cast(IMAGE, np.float16)
    for operation in tape.operations:
        values[operation.output] = forward.emit(builder, operation, values, even=chosen.even)

    taps = {layer: values[name] for layer, name in tape.taps.items()}
    channels = {layer: tape.channels[name] for layer, name in tape.taps.items()}
    seeds, scale = objective.write(builder, taps, channels)

    reverse = Reverse(builder, tape, values, chosen)
    begun = {layer: reverse.seed(tape.taps[layer], seed) for layer, seed in seeds.items()}
    gradient = reverse.gradient()
    if scale is None:
        builder.op("Identity", gradient, output="gradient")
    else:
        builder.op("Mul", builder.cast(gradient, np.float32), scale, output="gradient")
    builder.output("gradient", shape)
    cuts = {
        layer: [(reverse.totals[value], seed) for value, seed in parts.items()]
        for layer, parts in begun.items()
    }
    # in float16 all seeds share one scale, which depends on the deepest
    return builder.model(metadata | {"livedream.cuts": json.dumps({} if half else cuts)})

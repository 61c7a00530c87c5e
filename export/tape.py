"""The forward pass as a short list of operations: what the reverse pass walks backwards.

Values are named by strings; every operation writes one value. Parameters are float32 arrays with
batch normalisation already folded into them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
IMAGE = "image"


@dataclass(frozen=True)
class Operation:
    """Writes the value `output`."""

    output: str

    @property
    def inputs(self) -> tuple[str, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Unary(Operation):
    """Reads one value."""

    source: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.source,)


@dataclass(frozen=True)
class Shift(Unary):
    """Adds a constant per channel."""

    offset: Array = field(repr=False)


@dataclass(frozen=True)
class Conv(Unary):
    """Convolution; weight [O, I / groups, kh, kw], pads (top, left, bottom, right).

    apart: it is one part of a convolution that is computed in several (`rewrite.in_parts`), to be
    merged with none of them.
    """

    weight: Array = field(repr=False)
    bias: Array | None = field(repr=False)
    stride: int
    pads: tuple[int, int, int, int]
    groups: int
    apart: bool = False


@dataclass(frozen=True)
class Rectify(Unary):
    """ReLU, clipped from above where `ceiling` is not None."""

    ceiling: float | None


@dataclass(frozen=True)
class MaxPool(Unary):
    """Square max pool; `ceil` keeps a last, partial window."""

    kernel: int
    stride: int
    padding: int
    ceil: bool


@dataclass(frozen=True)
class AveragePool(Unary):
    """Square average pool of odd `kernel`, stride 1, same size, that counts its padding."""

    kernel: int


@dataclass(frozen=True)
class Mean(Unary):
    """Mean over all positions: [1, C, h, w] to [1, C, 1, 1]."""


@dataclass(frozen=True)
class Centre(Unary):
    """The middle position alone: [1, C, h, w] to [1, C, 1, 1]."""


@dataclass(frozen=True)
class Add(Operation):
    """Sum of two values of one shape."""

    left: str
    right: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Concat(Operation):
    """Values side by side along the channels."""

    parts: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.parts


@dataclass(frozen=True)
class Tape:
    """A traced network: operations in order, channels of every value, the value of every tap."""

    operations: list[Operation]
    channels: dict[str, int]
    taps: dict[str, str]

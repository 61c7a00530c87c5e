"""A network small enough to differentiate by hand, in an engine's clothes."""

from __future__ import annotations

import numpy as np


class ToyEngine:
    """Objective: half the sum of squares of a 3x3 filter's response, on the torus.

    The gradient is the filter's adjoint applied to its response, seen through a fixed pattern: like
    a strided network, it is not the same everywhere.
    """

    minimum_size, precision = 8, "fp32"

    def __init__(self) -> None:
        self.kernel = np.random.default_rng(11).standard_normal((3, 3)).astype(np.float32)
        self.calls: list[tuple[int, int]] = []

    def prepare(self, height: int, width: int, background: bool = False) -> None: ...

    def steer(self, objective) -> None: ...

    def keep(self, sizes) -> None: ...

    def respond(self, image: np.ndarray, sign: int) -> np.ndarray:
        return sum(
            self.kernel[y, x] * np.roll(image, (sign * (y - 1), sign * (x - 1)), (1, 2))
            for y in range(3)
            for x in range(3)
        )

    def gradient(self, image: np.ndarray) -> np.ndarray:
        self.calls.append(image.shape[1:])
        pattern = np.zeros((1, *image.shape[1:]), np.float32)
        pattern[:, ::2, ::2] = 1
        return self.respond(pattern * self.respond(image - np.float32(0.5), 1), -1)

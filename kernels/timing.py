"""How long the kernels take, for people who write them: `python -m livedream.kernels.timing`.

Each is held to its definition first, then timed by the card's clock, and said in bytes a second by
the bytes per pixel that its file states. What is fused stands beside the same in separate passes,
and where a kernel takes any block, several are tried.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import ascend, blur, carry, compose, hold, jitter, limit, meter, residual, shrink
from .compile import KernelError
from .launcher import Launcher, open_launcher
from .operations import Operations, Size

BLOCKS = ((32, 8, 1), (32, 4, 1), (32, 16, 1), (64, 4, 1), (128, 2, 1), (16, 16, 1))
"""To try; the first is what the dream runs with."""

REPEATS = 50
SIGMA, STEP, SHIFT, STRENGTH = 1.75, 0.02, (3, 5), 0.01
LIGHT = 0.8
SMALLER = 2
"""How often the sides of a residual go into those of the picture."""

GRID = (90, 160)
"""Rows and columns of cells."""

TOLERANCE = 1e-4
BYTE = 1
"""The tolerance of bytes: what lies between two of them may be either."""


@dataclass(frozen=True)
class Case:
    """bytes: per pixel, as stated in the kernel's file. queue: puts the work on the stream. wanted:
    what it is to leave in the output. swept: whether it takes any block."""

    name: str
    bytes: float
    queue: Callable[[], None]
    wanted: np.ndarray
    swept: bool = False

    @property
    def tolerance(self) -> float:
        """Of `Workbench.error`."""
        return BYTE if self.wanted.dtype == np.uint8 else TOLERANCE


class Workbench:
    """Pictures on the card, and the cases over them."""

    def __init__(self, launcher: Launcher, size: Size) -> None:
        self.launcher, self.size = launcher, size
        self.stream = launcher.stream()
        self.operations = Operations(launcher, self.stream)
        random = np.random.default_rng(0)
        self.image = random.random((3, *size), np.float32)
        self.gradient = random.standard_normal((3, *size), np.float32)
        self.small = max(1, size[0] // SMALLER), max(1, size[1] // SMALLER)
        self.camera = random.integers(0, 256, (*size, 3), np.uint8)
        self.residual = random.integers(90, 166, (*self.small, 3), np.uint8)
        self.flow = random.standard_normal((2, 17, 30), np.float32)
        self.keep = random.random((17, 30), np.float32)
        room = max(self.image.nbytes, 8 * GRID[0] * GRID[1])  # What `meter` writes counts too.
        self._memories = [launcher.allocate(room) for _ in range(3)]
        self.out, self.kept, scratch = (each.pointer for each in self._memories)
        self._at = self._put(self.image), self._put(self.gradient), scratch

    def _put(self, array: np.ndarray) -> int:
        memory = self.launcher.allocate(array.nbytes)
        self._memories.append(memory)
        self.launcher.copy_to(memory.pointer, array, self.stream)
        self.launcher.synchronize(self.stream)
        return memory.pointer

    def cases(self) -> list[Case]:
        """All of them."""
        do, out, size = self.operations, self.out, self.size
        image, gradient, scratch = self._at
        smooth = blur(self.gradient, SIGMA)
        risen = ascend(self.image, smooth, STEP, *SHIFT)
        sums = self.gradient + limit(self.image - self.gradient, STRENGTH)

        def apart() -> None:
            do.blur(scratch, gradient, size, SIGMA)
            do.ascend(out, image, scratch, size, STEP, *SHIFT)

        def fused() -> None:
            do.blur(scratch, gradient, size, SIGMA, measure=True)
            do.ascend(out, image, scratch, size, STEP, *SHIFT, measured=True)

        def limited_apart() -> None:
            do.subtract(scratch, image, gradient, size)
            do.limit(scratch, scratch, size, STRENGTH)
            do.add(out, gradient, scratch, size)

        return [
            Case("jitter", 24, lambda: do.jitter(out, image, size, *SHIFT),
                 jitter(self.image, *SHIFT), swept=True),
            Case("blur", 24, lambda: do.blur(out, gradient, size, SIGMA), smooth),
            Case("blur, mean, ascend", 24 + 48, apart, risen, swept=True),
            Case("blur and ascend, fused", 24 + 36, fused, risen, swept=True),
            Case("subtract, limit, add", 108, limited_apart, sums),
            Case("limit_sum, fused", 72, lambda: do.limit_sum(
                self.kept, out, image, gradient, size, STRENGTH), sums),
            *self._shown(),
        ]  # fmt: skip

    def _shown(self) -> list[Case]:
        """Those over bytes: what is shown."""
        do, out, size, small = self.operations, self.out, self.size, self.small
        (image, _, scratch), camera = self._at, self._put(self.camera)
        added, flow, keep = map(self._put, (self.residual, self.flow, self.keep))
        grid = self.keep.shape[0], self.keep.shape[1]
        share = SMALLER**-2

        def apart() -> None:
            do.compose(scratch, camera, size, added, small)
            do.compose(out, scratch, size, light=LIGHT)

        lit = compose(self.camera, self.residual, light=LIGHT)
        return [
            Case("residual", 18, lambda: do.residual(out, camera, image, size),
                 residual(self.camera, self.image)),
            Case("carry", 3 + 3 * share, lambda: do.carry(
                out, size, added, small, flow, grid, keep, grid),
                carry(self.residual, self.flow, self.keep, *size), swept=True),
            Case("compose, dim", 12 + 3 * share, apart, lit, swept=True),
            Case("compose, fused", 6 + 3 * share, lambda: do.compose(
                out, camera, size, added, small, light=LIGHT), lit, swept=True),
            *self._limited(camera, image),
        ]  # fmt: skip

    def _limited(self, camera: int, before: int) -> list[Case]:
        """Those of the flash limiter. before: of a picture, of which only the bytes count."""
        do, out, size = self.operations, self.out, self.size
        last = self.image.view(np.uint8).ravel()[: self.camera.size].reshape(self.camera.shape)
        weights = np.random.default_rng(1).integers(0, 256, GRID, np.uint8)
        much, cells = self._put(weights), GRID[0] * GRID[1] / (size[0] * size[1])
        return [
            Case("meter", 3 + 8 * cells, lambda: do.meter(out, camera, size, GRID),
                 meter(self.camera, *GRID)),
            Case("shrink", 3 + 3 * cells, lambda: do.shrink(out, camera, size, GRID),
                 shrink(self.camera, *GRID), swept=True),
            Case("hold", 9 + cells, lambda: do.hold(out, camera, before, size, much, GRID),
                 hold(self.camera, last, weights), swept=True),
        ]  # fmt: skip

    def error(self, case: Case) -> float:
        """The largest difference from the definition."""
        case.queue()
        got = np.empty_like(case.wanted)
        self.launcher.copy_from(got, self.out, self.stream)
        self.launcher.synchronize(self.stream)
        return float(np.abs(np.subtract(got, case.wanted, dtype=np.float32)).max())

    def milliseconds(self, case: Case) -> float:
        """Of one, by the card's clock, after one to warm up."""
        case.queue()
        start = self.launcher.mark(self.stream)
        for _ in range(REPEATS):
            case.queue()
        end = self.launcher.mark(self.stream)
        self.launcher.synchronize(end)
        return self.launcher.elapsed(start, end) / REPEATS

    def close(self) -> None:
        for memory in self._memories:
            self.launcher.free(memory)


def report(bench: Workbench, say: Callable[[str], None]) -> bool:
    """Says a line for each case and block; whether all agree with their definitions."""
    height, width = bench.size
    right = True
    for case in bench.cases():
        for block in BLOCKS if case.swept else BLOCKS[:1]:
            bench.operations.block = block
            error = bench.error(case)
            right = right and error <= case.tolerance
            took = bench.milliseconds(case)
            rate = case.bytes * height * width / took / 1e6
            shape = "x".join(map(str, block[:2])) if case.swept else "its own"
            verdict = "" if error <= case.tolerance else "  WRONG"
            say(
                f"{case.name:24} block {shape:8} {took:8.4f} ms {rate:8.0f} GB/s  "
                f"error {error:.1e}{verdict}"
            )
        bench.operations.block = BLOCKS[0]
    return right


def main(arguments: Sequence[str]) -> int:
    """arguments: nothing, or WIDTHxHEIGHT."""
    width, height = map(int, (arguments[0] if arguments else "1280x720").split("x"))
    try:
        launcher = open_launcher()
    except KernelError as error:
        print(f"Kernels are timed on a card: {error}", file=sys.stderr)
        return 1
    print(f"{launcher.card}, {width}x{height}, {REPEATS} in a row, by the card's clock")
    bench = Workbench(launcher, (height, width))
    try:
        return 0 if report(bench, print) else 1
    finally:
        bench.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

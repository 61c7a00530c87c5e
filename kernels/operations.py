"""The kernels as calls: which one, over how many blocks, with which arguments.

Images are device addresses of planar [3, height, width], float32. The names and what they compute
are those of the NumPy definitions in this package.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .backend import Argument, Memory, Stream
from .balance import colour_matrix, halvings, scale_weights
from .blur import reach
from .launcher import Launcher
from .pixels import haze

LARGEST_SIDE = 32767
"""Pixels. Beyond it, 32 bits do not hold the positions of `resample` and `warp`."""

LARGEST_SIGMA = 43.0
"""Pixels. Beyond it, the blur's tile does not fit into the shared memory every card has."""

_PLANES = 3
_THREADS = 256
_BLOCK = (32, 8, 1)
_TILE = 32
_STRIP = 8
# Of meter.cu: threads that share a cell, and cells side by side.
_CELLS = (8, 32, 1)
# Blocks of the grid-stride kernels: enough to fill a large card.
_BLOCKS = 1024

# Of a symmetric matrix, in the order of balance.cu.
_SYMMETRIC = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))

Size = tuple[int, int]
"""(height, width) in pixels."""


class Operations:
    """Queues the kernels on one stream; nothing waits.

    Raises ValueError for sizes or sigmas that a kernel cannot take. Not for use from two threads
    at once: the mean magnitude has one place in device memory.
    """

    def __init__(self, launcher: Launcher, stream: Stream) -> None:
        self._launcher = launcher
        self._stream = stream
        self._mean = launcher.allocate(4)
        self._partials = launcher.allocate(4 * _BLOCKS)
        self.block: tuple[int, int, int] = _BLOCK
        """Of the kernels that take any; others are tried by `timing`."""
        self._parts = 0
        """Partial sums that `blur` or `balance` left there."""

    def close(self) -> None:
        """Give that back, after waiting for the card."""
        self._launcher.free(self._mean)
        self._launcher.free(self._partials)

    @property
    def mean(self) -> Memory:
        """Where the last measured mean magnitude lies: one float32, for tests and statistics."""
        return self._mean

    def to_planar(self, out: int, bgr: int, size: Size, contrast: float = 1.0) -> None:
        """bgr: uint8 [height, width, 3]."""
        self._pixels("to_planar", out, bgr, size, np.float32(contrast), np.float32(haze(contrast)))

    def to_bytes(self, out: int, image: int, size: Size) -> None:
        """out: uint8 BGR [height, width, 3]."""
        self._pixels("to_bytes", out, image, size)

    def jitter(self, out: int, image: int, size: Size, dx: int, dy: int) -> None:
        """out may not be image."""
        arguments = [_p(out), _p(image), *_size(size), *_shift(dx, dy, size)]
        self._over_pixels("jitter", "jitter", size, arguments)

    def measure(self, values: int, size: Size) -> None:
        """mean |values| of three planes, kept on the device for `ascend` or `limit`."""
        self._measure("magnitude", [_p(values)], size)

    def measure_difference(self, image: int, base: int, size: Size) -> None:
        """The same of image - base."""
        self._measure("magnitude_difference", [_p(image), _p(base)], size)

    def finish(self, size: Size) -> None:
        """The mean of what `blur` or `balance` summed up last, kept where `measure` keeps it."""
        self._finish(self._parts, size)

    def blur(
        self, out: int, gradient: int, size: Size, sigma: float, *, measure: bool = False
    ) -> None:
        """sigma above 0; at 0 there is nothing to do. out may not be gradient.

        measure: also sum |out| up, without reading the result again, for `finish`.
        """
        if not 0 < sigma <= LARGEST_SIGMA:
            raise ValueError(f"sigma {sigma} is not above 0 and at most {LARGEST_SIGMA:g}")
        height, width = _checked(size)
        radius = reach(sigma)
        grid = (_blocks(width, _TILE), _blocks(height, _TILE), _PLANES)
        parts = math.prod(grid)
        if measure:
            self._reserve(parts)
        # weights, strip and rows, see blur.cu
        floats = 2 * radius + 1 + (_STRIP + _TILE) * (_TILE + 2 * radius)
        arguments = [
            _p(out),
            _p(gradient),
            _p(self._partials.pointer if measure else 0),
            *_size(size),
            np.float32(sigma),
            np.int32(radius),
        ]
        self._launch("blur", "blur", grid, _BLOCK, arguments, 4 * floats)
        self._parts = parts if measure else 0

    def balance(
        self,
        out: int,
        gradient: int,
        size: Size,
        colour: float,
        coarseness: float,
        halves: Sequence[int] = (),
    ) -> None:
        """halves: room for a picture at each of `halvings` but the first; needed where coarseness
        is above 0, and written over. out may be gradient. Sums |out| up for `finish`."""
        self._parts = math.prod(_grid(size))
        self._reserve(self._parts)
        sizes = halvings(*_checked(size)) if coarseness > 0 else [size]
        levels = [gradient, *halves][: len(sizes)]
        if len(levels) < len(sizes):
            raise ValueError(f"{len(sizes) - 1} halves are needed, not {len(halves)}")
        for index in range(1, len(sizes)):
            self.resample(levels[index], sizes[index], levels[index - 1], sizes[index - 1])
        weights = scale_weights(len(sizes), coarseness)
        same, mixed = np.eye(_PLANES, dtype=np.float32), colour_matrix(colour)
        # The coarsest is weighed where it is enlarged; those between are summed where they lie.
        for index in range(max(0, len(sizes) - 2), -1, -1):
            coarse = index + 1 if index + 1 < len(sizes) else None
            gain = weights[-1] if coarse == len(sizes) - 1 else 1.0
            matrix = same if index else mixed
            arguments = [
                _p(levels[index] if index else out),
                _p(levels[index]),
                _p(0 if coarse is None else levels[coarse]),
                _p(0 if index else self._partials.pointer),
                *_size(sizes[index]),
                *_size(sizes[index if coarse is None else coarse]),
                np.float32(weights[index]),
                np.float32(gain),
                *(matrix[row, column] for row, column in _SYMMETRIC),
            ]
            self._over_pixels("balance", "balance", sizes[index], arguments)

    def ascend(
        self,
        out: int,
        image: int,
        gradient: int,
        size: Size,
        step: float,
        dx: int,
        dy: int,
        *,
        measured: bool = False,
    ) -> None:
        """measured: the gradient is what `blur`, measuring, or `balance` made last. out may be
        neither."""
        if measured:
            self.finish(size)
        else:
            self.measure(gradient, size)
        arguments = [
            _p(out),
            _p(image),
            _p(gradient),
            _p(self._mean.pointer),
            np.float32(step),
            *_size(size),
            *_shift(-dx, -dy, size),
        ]
        self._over_pixels("ascend", "ascend", size, arguments)

    def resample(
        self,
        out: int,
        size: Size,
        source: int,
        source_size: Size,
        align_corners: bool = False,
        *,
        minus: int = 0,
        plus: int = 0,
    ) -> None:
        """out = plus + resample(source - minus), both left out where 0; out may be plus."""
        _checked(source_size)
        arguments = [_p(out), _p(plus), _p(source), _p(minus), *_size(size), *_size(source_size)]
        self._over_pixels("resample", "resample", size, [*arguments, np.int32(align_corners)])

    def warp(
        self,
        out: int,
        residual: int,
        size: Size,
        flow: int,
        flow_size: Size,
        keep: int,
        keep_size: Size,
        *,
        plus: int = 0,
    ) -> None:
        """flow, keep: float32 at any size, enlarged as the cpu device does. out may be plus."""
        _checked(flow_size)
        _checked(keep_size)
        arguments = [_p(out), _p(plus), _p(residual), _p(flow), _p(keep)]
        sizes = [*_size(size), *_size(flow_size), *_size(keep_size)]
        self._over_pixels("warp", "warp", size, [*arguments, *sizes])

    def mask(
        self, out: int, values: int, size: Size, weights: int, weights_size: Size, dx: int, dy: int
    ) -> None:
        """weights: float32 at any size. out may be values."""
        _checked(weights_size)
        sizes = [*_size(size), *_size(weights_size), *_shift(dx, dy, size)]
        self._over_pixels("mask", "mask", size, [_p(out), _p(values), _p(weights), *sizes])

    def pull(
        self, out: int, gradient: int, residual: int, size: Size, tv: float, l2: float, dx: int,
        dy: int,
    ) -> None:  # fmt: skip
        """out may be gradient."""
        self.measure(gradient, size)
        pointers = [_p(out), _p(gradient), _p(residual), _p(self._mean.pointer)]
        weights = [np.float32(tv), np.float32(l2)]
        sizes = [*_size(size), *_shift(dx, dy, size)]
        self._over_pixels("pull", "pull", size, [*pointers, *weights, *sizes])

    def limit(self, out: int, residual: int, size: Size, strength: float) -> None:
        """out may be residual."""
        if strength > 0:
            self.measure(residual, size)
        arguments = [_p(out), _p(residual), _p(self._mean.pointer), np.float32(strength)]
        self._over_values("limit", "limit", size, arguments)

    def limit_sum(
        self, residual: int, out: int, image: int, base: int, size: Size, strength: float
    ) -> None:
        """residual = limit(image - base), out = base + residual. out may be image."""
        if strength > 0:
            self.measure_difference(image, base, size)
        pointers = [_p(residual), _p(out), _p(image), _p(base), _p(self._mean.pointer)]
        self._over_values("limit", "limit_sum", size, [*pointers, np.float32(strength)])

    def meter(self, out: int, bgr: int, size: Size, grid: Size) -> None:
        """bgr: uint8 [height, width, 3]. out: float32 [2, *grid]."""
        rows, columns = _checked(grid)
        sizes = [*_size(_checked(size)), *_size(grid)]
        blocks = (_blocks(columns, _CELLS[1]), rows, 1)
        self._launch("meter", "meter", blocks, _CELLS, [_p(out), _p(bgr), *sizes])

    def shrink(self, out: int, bgr: int, size: Size, grid: Size) -> None:
        """bgr: uint8 [height, width, 3]. out: uint8 [*grid, 3]."""
        sizes = [*_size(_checked(size)), *_size(grid)]
        self._over_pixels("shrink", "shrink", grid, [_p(out), _p(bgr), *sizes])

    def hold(
        self, out: int, bgr: int, before: int, size: Size, weights: int, weights_size: Size
    ) -> None:
        """bgr, before: uint8 [height, width, 3]. weights: uint8 at any size. out may be any of the
        pictures."""
        _checked(weights_size)
        sizes = [*_size(size), *_size(weights_size)]
        pointers = [_p(out), _p(bgr), _p(before), _p(weights)]
        self._over_pixels("hold", "hold", size, [*pointers, *sizes])

    def residual(self, out: int, dream: int, base: int, size: Size) -> None:
        """dream, out: uint8 BGR [height, width, 3]; base: an image. out may be dream."""
        self._pixels("residual", out, dream, size, _p(base), source="residual")

    def blend(self, out: int, one: int, other: int, size: Size, share: float) -> None:
        """All uint8 [height, width, 3]. out may be either."""
        self._pixels("blend", out, one, size, _p(other), np.float32(share), source="residual")

    def carry(
        self,
        out: int,
        size: Size,
        residual: int,
        residual_size: Size,
        flow: int,
        flow_size: Size,
        keep: int,
        keep_size: Size,
    ) -> None:
        """residual, out: uint8 [height, width, 3]. flow, keep: float32 at any size; no motion where
        flow is 0. out may be none of them."""
        pointers = [_p(out), _p(residual), _p(flow), _p(keep)]
        sizes = [*_size(size)]
        for each in (residual_size, flow_size, keep_size):
            sizes += _size(_checked(each))
        self._over_pixels("carry", "carry", size, [*pointers, *sizes])

    def compose(
        self,
        out: int,
        camera: int,
        size: Size,
        residual: int = 0,
        residual_size: Size = (1, 1),
        mask: int = 0,
        mask_size: Size = (1, 1),
        *,
        amount: float = 1.0,
        contrast: float = 1.0,
        light: float = 1.0,
    ) -> None:
        """camera, residual, out: uint8 BGR [height, width, 3]. mask: float32 at any size. Residual
        and mask are left out where 0. out may be camera."""
        pointers = [_p(out), _p(camera), _p(residual), _p(mask)]
        sizes = [*_size(size)]
        for each in (residual_size, mask_size):
            sizes += _size(_checked(each))
        kept = 1 - amount * (1 - contrast)
        values = [amount, kept, 255 * haze(kept), light]
        arguments = [*pointers, *sizes, *map(np.float32, values)]
        self._over_pixels("compose", "compose", size, arguments)

    def add(self, out: int, a: int, b: int, size: Size) -> None:
        """a + b; out may be either."""
        self._over_values("add", "add", size, [_p(out), _p(a), _p(b), np.float32(1)])

    def subtract(self, out: int, a: int, b: int, size: Size) -> None:
        """a - b; out may be either."""
        self._over_values("add", "add", size, [_p(out), _p(a), _p(b), np.float32(-1)])

    def _pixels(
        self, name: str, out: int, values: int, size: Size, *more: Argument, source: str = "pixels"
    ) -> None:
        pixels = math.prod(_checked(size))
        arguments = [_p(out), _p(values), *more, np.int32(pixels)]
        grid, block = (_blocks(pixels, _THREADS), 1, 1), (_THREADS, 1, 1)
        self._launch(source, name, grid, block, arguments)

    def _over_pixels(self, source: str, name: str, size: Size, arguments: list[Argument]) -> None:
        self._launch(source, name, _grid(size, self.block), self.block, arguments)

    def _over_values(self, source: str, name: str, size: Size, arguments: list[Argument]) -> None:
        count = _PLANES * math.prod(_checked(size))
        grid = (min(_blocks(count, _THREADS), 16 * _BLOCKS), 1, 1)
        self._launch(source, name, grid, (_THREADS, 1, 1), [*arguments, np.int64(count)])

    def _measure(self, name: str, pointers: list[Argument], size: Size) -> None:
        count = _PLANES * math.prod(_checked(size))
        parts = min(_blocks(count, 4 * _THREADS), _BLOCKS)
        arguments = [_p(self._partials.pointer), *pointers, np.int64(count)]
        self._launch("magnitude", name, (parts, 1, 1), (_THREADS, 1, 1), arguments)
        self._finish(parts, size)

    def _finish(self, parts: int, size: Size) -> None:
        arguments = [
            _p(self._mean.pointer),
            _p(self._partials.pointer),
            np.int32(parts),
            np.int64(_PLANES * math.prod(size)),
        ]
        self._launch("magnitude", "magnitude_finish", (1, 1, 1), (_THREADS, 1, 1), arguments)

    def _reserve(self, parts: int) -> None:
        if 4 * parts > self._partials.size:
            self._launcher.free(self._partials)
            self._partials = self._launcher.allocate(4 * parts)

    def _launch(
        self,
        source: str,
        name: str,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: list[Argument],
        shared: int = 0,
    ) -> None:
        function = self._launcher.function(source, name)
        self._launcher.launch(function, grid, block, arguments, self._stream, shared)


def _p(pointer: int) -> np.uint64:
    return np.uint64(pointer)


def _size(size: Size) -> tuple[np.int32, np.int32]:
    return np.int32(size[0]), np.int32(size[1])


def _shift(dx: int, dy: int, size: Size) -> tuple[np.int32, np.int32]:
    """The same shift of the torus in 0..width-1, 0..height-1."""
    height, width = _checked(size)
    return np.int32(dx % width), np.int32(dy % height)


def _grid(size: Size, block: tuple[int, int, int] = _BLOCK) -> tuple[int, int, int]:
    """Blocks of pixels over a picture."""
    height, width = _checked(size)
    return _blocks(width, block[0]), _blocks(height, block[1]), 1


def _blocks(count: int, each: int) -> int:
    return -(-count // each)


def _checked(size: Size) -> Size:
    if not (0 < size[0] <= LARGEST_SIDE and 0 < size[1] <= LARGEST_SIDE):
        raise ValueError(f"a picture of {size[1]}x{size[0]} has a side outside 1..{LARGEST_SIDE}")
    return size

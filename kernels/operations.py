"""The kernels as calls: which one, over how many blocks, with which arguments.

Images are device addresses of planar [3, height, width], float32 unless said otherwise. The names
and what they compute are those of the NumPy definitions in this package.
"""

from __future__ import annotations

import math

import numpy as np

from .blur import SCALES
from .launcher import Argument, Launcher, Memory, Stream

LARGEST_SIDE = 32767
"""Pixels. Beyond it, 32 bits do not hold the positions of `resample` and `warp`."""

LARGEST_SIGMA = 43.0
"""Pixels. Beyond it, the blur's tile does not fit into the shared memory every card has."""

_PLANES = 3
_THREADS = 256
_BLOCK = (32, 8, 1)
_TILE = 32
_STRIP = 8
# Blocks of the grid-stride kernels: enough to fill a large card.
_BLOCKS = 1024

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

    def close(self) -> None:
        """Give back the device memory."""
        self._launcher.free(self._mean)
        self._launcher.free(self._partials)

    @property
    def mean(self) -> Memory:
        """Where the last measured mean magnitude lies: one float32, for tests and statistics."""
        return self._mean

    def to_planar(self, out: int, bgr: int, size: Size) -> None:
        """bgr: uint8 [height, width, 3]."""
        self._pixels("to_planar", out, bgr, size)

    def to_bytes(self, out: int, image: int, size: Size) -> None:
        """out: uint8 BGR [height, width, 3]."""
        self._pixels("to_bytes", out, image, size)

    def jitter(
        self, out: int, image: int, size: Size, dx: float, dy: float, *, half: bool = False
    ) -> None:
        """half: out is float16, for a network that takes it. out may not be image."""
        name = "jitter_f16" if half else "jitter_f32"
        self._over_pixels("jitter", name, size, [_p(out), _p(image), *_size(size)], dx, dy)

    def measure(self, values: int, size: Size, *, half: bool = False) -> None:
        """mean |values| of three planes, kept on the device for `ascend` or `limit`."""
        name = "magnitude_f16" if half else "magnitude_f32"
        self._measure(name, [_p(values)], size)

    def measure_difference(self, image: int, base: int, size: Size) -> None:
        """The same of image - base."""
        self._measure("magnitude_difference", [_p(image), _p(base)], size)

    def blur(
        self,
        out: int,
        gradient: int,
        size: Size,
        sigma: float,
        *,
        half: bool = False,
        scales: bool = False,
        measure: bool = False,
    ) -> None:
        """sigma above 0; at 0 there is nothing to do. half: the gradient is float16.

        scales: the sum of three, `blur_scales`. measure: also the mean |out|, as `measure` does but
        without reading the result again. out may not be gradient.
        """
        factors = SCALES if scales else (1.0,)
        if not 0 < sigma <= LARGEST_SIGMA / factors[-1]:
            raise ValueError(
                f"sigma {sigma} is not above 0 and at most {LARGEST_SIGMA / factors[-1]:g}"
            )
        height, width = _checked(size)
        # As in `taps`. The kernel doubles sigma from scale to scale.
        radii = [max(1, math.ceil(3 * sigma * factor)) for factor in factors]
        largest = radii[-1]
        grid = (_blocks(width, _TILE), _blocks(height, _TILE), _PLANES)
        parts = math.prod(grid)
        if measure:
            self._reserve(parts)
        # weights, strip and rows, see blur.cu
        floats = 2 * largest + 1 + (_STRIP + _TILE) * (_TILE + 2 * largest)
        arguments = [
            _p(out),
            _p(gradient),
            _p(self._partials.pointer if measure else 0),
            *_size(size),
            np.float32(sigma * factors[0]),
            np.int32(len(factors)),
            *(np.int32(radius) for radius in [*radii, *radii, *radii][:3]),
        ]
        name = "blur_f16" if half else "blur_f32"
        self._launch("blur", name, grid, _BLOCK, arguments, 4 * floats)
        if measure:
            self._finish(parts, size)

    def ascend(
        self,
        out: int,
        image: int,
        gradient: int,
        size: Size,
        step: float,
        dx: float,
        dy: float,
        *,
        half: bool = False,
        image_shifted: bool = True,
        measured: bool = False,
    ) -> None:
        """half: the gradient is float16. measured: its mean magnitude has been taken already.

        image_shifted: False for an image that was not jittered, to which the gradient is moved
        back. The same for whole pixels; out may then be image.
        """
        if not measured:
            self.measure(gradient, size, half=half)
        name = "ascend_f16" if half else "ascend_f32"
        arguments = [
            _p(out),
            _p(image),
            _p(gradient),
            _p(self._mean.pointer),
            np.float32(step),
            *_size(size),
        ]
        self._over_pixels("ascend", name, size, arguments, -dx, -dy, [np.int32(image_shifted)])

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

    def add(self, out: int, a: int, b: int, size: Size) -> None:
        """a + b; out may be either."""
        self._over_values("add", "add", size, [_p(out), _p(a), _p(b), np.float32(1)])

    def subtract(self, out: int, a: int, b: int, size: Size) -> None:
        """a - b; out may be either."""
        self._over_values("add", "add", size, [_p(out), _p(a), _p(b), np.float32(-1)])

    def _pixels(self, name: str, out: int, source: int, size: Size) -> None:
        pixels = math.prod(_checked(size))
        arguments = [_p(out), _p(source), np.int32(pixels)]
        grid, block = (_blocks(pixels, _THREADS), 1, 1), (_THREADS, 1, 1)
        self._launch("pixels", name, grid, block, arguments)

    def _over_pixels(
        self,
        source: str,
        name: str,
        size: Size,
        arguments: list[Argument],
        dx: float | None = None,
        dy: float = 0,
        further: list[Argument] | None = None,
    ) -> None:
        height, width = _checked(size)
        if dx is not None:
            whole_x, part_x = split(dx, width)
            whole_y, part_y = split(dy, height)
            arguments = [*arguments, np.int32(whole_x), np.int32(whole_y), part_x, part_y]
        grid = (_blocks(width, _BLOCK[0]), _blocks(height, _BLOCK[1]), 1)
        self._launch(source, name, grid, _BLOCK, [*arguments, *(further or [])])

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


def split(shift: float, size: int) -> tuple[int, np.float32]:
    """A shift on a torus as whole pixels, 0..size-1, and the rest, 0..1."""
    whole = math.floor(shift)
    return whole % size, np.float32(shift - whole)


def _p(pointer: int) -> np.uint64:
    return np.uint64(pointer)


def _size(size: Size) -> tuple[np.int32, np.int32]:
    return np.int32(size[0]), np.int32(size[1])


def _blocks(count: int, each: int) -> int:
    return -(-count // each)


def _checked(size: Size) -> Size:
    if not (0 < size[0] <= LARGEST_SIDE and 0 < size[1] <= LARGEST_SIDE):
        raise ValueError(f"a picture of {size[1]}x{size[0]} has a side outside 1..{LARGEST_SIDE}")
    return size

"""Every kernel against the NumPy function that defines it."""

from __future__ import annotations

import numpy as np
import pytest

from livedream import kernels

SIZES = [(1, 1), (1, 37), (41, 1), (7, 3), (33, 65)]
"""(height, width): odd, one pixel wide, just above and below a block of 32 x 8 or a tile of 32."""
SHIFTS = [(0, 0), (3, -5), (1000, -2049)]
EXACT = 2e-6


@pytest.fixture(params=SIZES, ids=str)
def size(request):
    return request.param


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_jitter(bench, random, size, shift):
    image = random.random((3, *size), np.float32)
    there, out = bench.put(image), bench.room((3, *size))
    bench.operations.jitter(out, there, size, *shift)
    assert np.array_equal(bench.get(out, (3, *size)), kernels.jitter(image, *shift))
    bench.operations.jitter(there, out, size, -shift[0], -shift[1])
    assert np.array_equal(bench.get(there, (3, *size)), image)


@pytest.mark.parametrize("sigma", [0.3, 1.75, 8.0])
def test_blur(bench, random, size, sigma):
    gradient = random.standard_normal((3, *size), np.float32)
    out = bench.room(gradient.shape)
    bench.operations.blur(out, bench.put(gradient), size, sigma, measure=True)
    expected = kernels.blur(gradient, sigma)
    assert np.abs(bench.get(out, gradient.shape) - expected).max() <= 4 * EXACT
    bench.operations.finish(size)
    assert bench.mean() == pytest.approx(np.abs(expected).mean(), rel=1e-4)


def test_the_largest_blur_fits(bench, random):
    gradient = random.standard_normal((3, 40, 21), np.float32)
    out = bench.room(gradient.shape)
    bench.operations.blur(out, bench.put(gradient), (40, 21), 43)
    assert np.abs(bench.get(out, gradient.shape) - kernels.blur(gradient, 43)).max() <= 8 * EXACT
    for sigma in (0, 43.1):
        with pytest.raises(ValueError, match="sigma"):
            bench.operations.blur(out, out, (40, 21), sigma)


@pytest.mark.parametrize(("colour", "coarseness"), [(1, 0), (0.3, 0), (1, 1), (0.65, 1.5)])
@pytest.mark.parametrize("sides", [(1, 1), (7, 40), (8, 8), (33, 65), (130, 97)], ids=str)
def test_balance(bench, random, sides, colour, coarseness):
    gradient = random.standard_normal((3, *sides), np.float32)
    halves = [bench.room((3, *half)) for half in kernels.halvings(*sides)[1:]]
    out = bench.put(gradient)
    bench.operations.balance(out, out, sides, colour, coarseness, halves)
    expected = kernels.balance(gradient, colour, coarseness)
    error = np.abs(bench.get(out, gradient.shape) - expected).max()
    assert error <= 4 * EXACT * max(1, np.abs(expected).max())
    bench.operations.finish(sides)
    assert bench.mean() == pytest.approx(np.abs(expected).mean(), rel=1e-4)
    if coarseness and halves:
        with pytest.raises(ValueError, match="halves"):
            bench.operations.balance(out, out, sides, colour, coarseness, halves[1:])


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_ascend(bench, random, size, shift):
    image = random.random((3, *size), np.float32)
    gradient = random.standard_normal((3, *size), np.float32) * np.float32(1e-3)
    out = bench.room(image.shape)
    bench.operations.ascend(out, bench.put(image), bench.put(gradient), size, 0.3, *shift)
    expected = kernels.ascend(image, gradient, 0.3, *shift)
    assert np.abs(bench.get(out, image.shape) - expected).max() <= 4 * EXACT


@pytest.mark.parametrize("broken", [0, np.nan, np.inf])
def test_ascend_leaves_the_image_under_a_dead_or_broken_gradient(bench, random, broken):
    image = random.random((3, 12, 40), np.float32)
    gradient = np.zeros_like(image)
    gradient[1, 2, 3] = broken
    assert np.array_equal(kernels.ascend(image, gradient, 1.0, 0, 0), image)
    out = bench.room(image.shape)
    bench.operations.ascend(out, bench.put(image), bench.put(gradient), (12, 40), 1.0, 0, 0)
    assert np.array_equal(bench.get(out, image.shape), image)


def test_random_sizes_and_shifts(bench, random):
    """A step as the dream does it, at sizes and shifts nobody chose; the whole of it in one."""
    for _ in range(6):
        size = tuple(int(side) for side in random.integers(1, 100, 2))
        dx, dy = random.integers(-300, 301, 2)
        sigma = float(random.uniform(0.2, 4))
        image = random.random((3, *size), np.float32)
        there, shifted, smooth, out = (
            bench.put(image), *(bench.room(image.shape) for _ in range(3))
        )  # fmt: skip
        bench.operations.jitter(shifted, there, size, dx, dy)
        bench.operations.blur(smooth, shifted, size, sigma, measure=True)
        bench.operations.ascend(out, shifted, smooth, size, 0.02, dx, dy, measured=True)
        moved = kernels.jitter(image, dx, dy)
        expected = kernels.ascend(moved, kernels.blur(moved, sigma), 0.02, dx, dy)
        said = f"{size} by ({dx}, {dy}), sigma {sigma}"
        assert np.abs(bench.get(out, image.shape) - expected).max() <= 8 * EXACT, said


def test_measure_is_repeatable_and_close(bench, random):
    values = random.standard_normal((3, 211, 307), np.float32)
    there = bench.put(values)
    means = set()
    for _ in range(3):
        bench.operations.measure(there, (211, 307))
        means.add(bench.mean())
    assert len(means) == 1
    assert means.pop() == pytest.approx(np.abs(values).mean(dtype=np.float64), rel=1e-6)


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("target", [(1, 1), (13, 90), (70, 40), (1, 33)], ids=str)
def test_resample(bench, random, size, target, corners):
    image, other = random.random((2, 3, *size), np.float32)
    base = random.random((3, *target), np.float32)
    out = bench.room(base.shape)
    bench.operations.resample(out, target, bench.put(image), size, corners)
    expected = kernels.resample(image, *target, corners)
    assert np.abs(bench.get(out, base.shape) - expected).max() <= EXACT
    there = bench.put(base)
    bench.operations.resample(
        there, target, bench.put(image), size, corners, minus=bench.put(other), plus=there
    )
    expected = base + kernels.resample(image - other, *target, corners)
    assert np.abs(bench.get(there, base.shape) - expected).max() <= EXACT


def test_resample_places_the_last_pixels_of_the_longest_row(bench):
    ramp = np.arange(32767, dtype=np.float32) / 32767
    image = np.broadcast_to(ramp, (3, 1, 32767))
    for corners, width in ((False, 32766), (True, 32766), (False, 50), (True, 50)):
        out = bench.room((3, 1, width))
        bench.operations.resample(out, (1, width), bench.put(image), (1, 32767), corners)
        expected = kernels.resample(image, 1, width, corners)
        assert np.abs(bench.get(out, (3, 1, width)) - expected).max() <= EXACT


def enlarged(flow: np.ndarray, keep: np.ndarray, size: tuple[int, int]):
    scale = np.array([size[1] / flow.shape[2], size[0] / flow.shape[1]], np.float32)
    return (
        kernels.resample(flow, *size) * scale.reshape(2, 1, 1),
        kernels.resample(keep[None], *size)[0],
    )


@pytest.mark.parametrize("based", [False, True])
@pytest.mark.parametrize("part", [1, 3])
def test_warp(bench, random, size, part, based):
    residual, base = random.standard_normal((2, 3, *size), np.float32)
    flow_size = -(-size[0] // part), -(-size[1] // part)
    keep_size = (2, 3) if part == 3 else size
    flow = random.standard_normal((2, *flow_size), np.float32) * np.float32(6)
    keep = random.random(keep_size, np.float32)
    out = bench.put(base)
    bench.operations.warp(
        out,
        bench.put(residual),
        size,
        bench.put(flow),
        flow_size,
        bench.put(keep),
        keep_size,
        plus=out if based else 0,
    )
    expected = kernels.warp(residual, *enlarged(flow, keep, size))
    if based:
        expected = base + expected
    # A place rounded to 1/2^16 pixel between neighbours that differ by up to 6.
    assert np.abs(bench.get(out, base.shape) - expected).max() <= 1e-4


def test_pixels(bench, random, size):
    bgr = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    planar, back = bench.room((3, *size)), bench.room(bgr.shape, np.uint8)
    bench.operations.to_planar(planar, bench.put(bgr), size)
    assert np.array_equal(bench.get(planar, (3, *size)), kernels.to_planar(bgr))
    bench.operations.to_planar(planar, bench.put(bgr), size, 0.3)
    pale = kernels.to_planar(bgr, 0.3)
    assert np.abs(bench.get(planar, (3, *size)) - pale).max() <= EXACT
    bench.operations.to_planar(planar, bench.put(bgr), size)
    bench.operations.to_bytes(back, planar, size)
    assert np.array_equal(bench.get(back, bgr.shape, np.uint8), bgr)
    image = random.standard_normal((3, *size), np.float32)
    bench.operations.to_bytes(back, bench.put(image), size)
    assert np.array_equal(bench.get(back, bgr.shape, np.uint8), kernels.to_bytes(image))


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
@pytest.mark.parametrize("weights_size", [(1, 1), (5, 9)], ids=str)
def test_mask(bench, random, size, weights_size, shift):
    values, weights = random.random((3, *size), np.float32), random.random(weights_size, np.float32)
    there, out = bench.put(values), bench.room(values.shape)
    bench.operations.mask(out, there, size, bench.put(weights), weights_size, *shift)
    expected = kernels.mask(values, weights, *shift)
    assert np.abs(bench.get(out, values.shape) - expected).max() <= EXACT
    bench.operations.mask(there, there, size, bench.put(weights), weights_size, *shift)
    assert np.abs(bench.get(there, values.shape) - expected).max() <= EXACT


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
@pytest.mark.parametrize("weights", [(0.7, 0), (0, 0.4), (0.3, 2)], ids=str)
def test_pull(bench, random, size, weights, shift):
    gradient, residual = random.standard_normal((2, 3, *size), np.float32)
    expected = kernels.pull(gradient, residual, *weights, *shift)
    there = bench.put(gradient)
    bench.operations.pull(there, there, bench.put(residual), size, *weights, *shift)
    assert np.abs(bench.get(there, gradient.shape) - expected).max() <= 1e-5


@pytest.mark.parametrize("strength", [0, 0.01, 0.3, 5])
def test_limit(bench, random, size, strength):
    image, base = random.random((2, 3, *size), np.float32)
    residual = image - base
    expected = kernels.limit(residual, strength)
    there = bench.put(residual)
    bench.operations.limit(there, there, size, strength)
    assert np.abs(bench.get(there, image.shape) - expected).max() <= EXACT
    total = bench.put(image)
    bench.operations.limit_sum(there, total, total, bench.put(base), size, strength)
    assert np.abs(bench.get(there, image.shape) - expected).max() <= EXACT
    assert np.abs(bench.get(total, image.shape) - (base + expected)).max() <= EXACT


@pytest.mark.parametrize("grid", [(1, 1), (5, 9), (18, 32)], ids=str)
def test_meter(bench, random, size, grid):
    bgr = random.integers(0, 256, (*size, 3), np.uint8)
    out = bench.room((2, *grid))
    bench.operations.meter(out, bench.put(bgr), size, grid)
    assert np.abs(bench.get(out, (2, *grid)) - kernels.meter(bgr, *grid)).max() <= EXACT


@pytest.mark.parametrize("grid", [(1, 1), (5, 9), (18, 32)], ids=str)
def test_shrink(bench, random, size, grid):
    bgr = random.integers(0, 256, (*size, 3), np.uint8)
    out = bench.room((*grid, 3), np.uint8)
    bench.operations.shrink(out, bench.put(bgr), size, grid)
    small = bench.get(out, (*grid, 3), np.uint8)
    # Half way between two codes it may be either.
    assert np.abs(small.astype(int) - kernels.shrink(bgr, *grid)).max() <= 1
    assert (small == kernels.shrink(bgr, *grid)).mean() > 0.99


@pytest.mark.parametrize("weights_size", [(1, 1), (5, 9), (40, 70)], ids=str)
def test_hold(bench, random, size, weights_size):
    bgr, before = random.integers(0, 256, (2, *size, 3), np.uint8)
    weights = random.integers(0, 256, weights_size, np.uint8)
    weights[random.random(weights_size) < 0.3] = 255
    there, last, much = bench.put(bgr), bench.put(before), bench.put(weights)
    bench.operations.hold(there, there, last, size, much, weights_size)
    assert np.array_equal(bench.get(there, bgr.shape, np.uint8), kernels.hold(bgr, before, weights))


def test_add_and_subtract(bench, random, size):
    a, b = random.random((2, 3, *size), np.float32)
    there, other, out = bench.put(a), bench.put(b), bench.room(a.shape)
    bench.operations.subtract(out, there, other, size)
    assert np.array_equal(bench.get(out, a.shape), a - b)
    bench.operations.add(there, there, other, size)
    assert np.array_equal(bench.get(there, a.shape), a + b)


@pytest.mark.parametrize("size", [(0, 4), (4, 32768)], ids=str)
def test_sizes_beyond_the_kernels_are_refused(bench, size):
    with pytest.raises(ValueError, match="side"):
        bench.operations.jitter(0, 0, size, 0, 0)


def bytes_of(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.integers(0, 256, shape, np.uint8)


def assert_bytes(got: np.ndarray, expected: np.ndarray) -> None:
    """To the bit, but for what lies between two bytes."""
    difference = np.abs(got.astype(int) - expected)
    assert difference.max() <= 1
    assert difference.mean() <= 0.01


def test_residual_and_blend(bench, random, size):
    dream, other = (bytes_of(random, *size, 3) for _ in range(2))
    base = random.random((3, *size), np.float32)
    out, there = bench.room((*size, 3), np.uint8), bench.put(dream)
    bench.operations.residual(out, there, bench.put(base), size)
    assert_bytes(bench.get(out, (*size, 3), np.uint8), kernels.residual(dream, base))
    bench.operations.blend(out, there, bench.put(other), size, 0.3)
    assert_bytes(bench.get(out, (*size, 3), np.uint8), kernels.blend(dream, other, 0.3))


@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("source", [None, (9, 5)])
def test_carry(bench, random, size, source, moves):
    there = source or size
    residual = bytes_of(random, *there, 3)
    flow = 6 * random.standard_normal((2, 5, 8), np.float32)
    keep = random.random((4, 6), np.float32)
    out = bench.room((*size, 3), np.uint8)
    bench.operations.carry(
        out, size, bench.put(residual), there,
        bench.put(flow) if moves else 0, (5, 8), bench.put(keep), (4, 6),
    )  # fmt: skip
    expected = kernels.carry(residual, flow if moves else None, keep, *size)
    assert_bytes(bench.get(out, (*size, 3), np.uint8), expected)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("source", [None, (1, 1), (12, 17)])
def test_compose(bench, random, size, source, masked):
    there = source or size
    camera, residual = bytes_of(random, *size, 3), bytes_of(random, *there, 3)
    mask = random.random((3, 4), np.float32)
    out = bench.put(camera)
    bench.operations.compose(
        out, out, size, bench.put(residual), there, bench.put(mask) if masked else 0, (3, 4),
        amount=0.7, contrast=0.4, light=0.9,
    )  # fmt: skip
    expected = kernels.compose(camera, residual, 0.7, 0.4, mask if masked else None, 0.9)
    assert_bytes(bench.get(out, (*size, 3), np.uint8), expected)


def test_a_picture_without_a_dream_is_dimmed(bench, random):
    camera = bytes_of(random, 9, 33, 3)
    out = bench.room((9, 33, 3), np.uint8)
    bench.operations.compose(out, bench.put(camera), (9, 33), light=0.5)
    assert_bytes(bench.get(out, (9, 33, 3), np.uint8), kernels.compose(camera, None, light=0.5))

"""The cpu device does what the kernels' definitions say."""

from __future__ import annotations

import numpy as np
import pytest

from livedream import kernels
from livedream.runtime.dream.cpu import CpuDevice

SIZES = [(24, 32), (31, 17), (1, 9), (9, 1)]


@pytest.fixture(params=SIZES, ids=str)
def image(request) -> np.ndarray:
    return np.random.default_rng(3).random((3, *request.param), np.float32)


device = CpuDevice()


def test_bytes(image):
    bgr = kernels.to_bytes(image)
    assert np.allclose(device.upload(bgr), kernels.to_planar(bgr), atol=1e-7)
    assert np.allclose(device.upload(bgr, 0.4), kernels.to_planar(bgr, 0.4), atol=1e-6)
    assert np.abs(device.download(image).astype(int) - bgr).max() == 0
    beyond = image * 1.5
    assert np.array_equal(device.download(beyond), kernels.to_bytes(beyond))


@pytest.mark.parametrize("shift", [(3, -40), (0, 0), (-1.25, 0.5)])
def test_jitter(image, shift):
    assert np.allclose(device.jitter(image, *shift), kernels.jitter(image, *shift), atol=1e-6)


@pytest.mark.parametrize("sigma", [0, 0.7, 2.5])
def test_blur(image, sigma):
    assert np.allclose(device.blur(image, sigma), kernels.blur(image, sigma), atol=1e-5)


@pytest.mark.parametrize(("colour", "coarseness"), [(1, 0), (0.65, 0), (1, 1), (0.4, 1.5)])
def test_balance(image, colour, coarseness):
    expected = kernels.balance(image, colour, coarseness)
    assert np.allclose(device.balance(image, colour, coarseness), expected, atol=1e-5)


def test_ascend(image):
    gradient = image[:, ::-1] - np.float32(0.4)
    expected = kernels.ascend(image, gradient, 0.1, 5, -3)
    assert np.allclose(device.ascend(image, gradient, 0.1, 5, -3), expected, atol=1e-6)
    nothing = np.zeros_like(image)
    assert np.array_equal(device.ascend(image, nothing, 0.1, 0, 0), image)


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("size", [(40, 13), (5, 60)])
def test_resample(image, size, corners):
    expected = kernels.resample(image, *size, corners)
    assert np.allclose(device.resample(image, *size, corners), expected, atol=1e-5)


def test_warp(image):
    _, height, width = image.shape
    smooth = kernels.blur(image, 4)
    random = np.random.default_rng(5)
    flow = random.uniform(-6, 6, (2, height, width)).astype(np.float32)
    keep = random.random((height, width), np.float32)
    # OpenCV places samples on a grid of 1/32 pixel.
    step = max(np.abs(np.diff(smooth, axis=axis)).max(initial=0) for axis in (1, 2))
    expected = kernels.warp(smooth, flow, keep)
    assert np.allclose(device.warp(smooth, flow, keep), expected, atol=step / 16 + 1e-5)


def test_warp_enlarges_the_flow():
    image = np.random.default_rng(2).random((3, 32, 64), np.float32)
    flow = np.zeros((2, 8, 16), np.float32)
    flow[0], flow[1] = 1, -0.5
    moved = device.warp(image, flow, np.ones((8, 16), np.float32))
    assert np.allclose(moved[:, 2:, :-4], image[:, :-2, 4:], atol=1e-6)


def test_limit(image):
    assert np.allclose(device.limit(image, 0.1), kernels.limit(image, 0.1), atol=1e-6)

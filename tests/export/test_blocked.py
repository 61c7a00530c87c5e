"""The parts of the CPU form, each against torch's autograd or the plain rule it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.export import phases
from livedream.export.blocked import Blocked
from livedream.export.builder import Builder
from livedream.export.tape import Conv, MaxPool, Rectify

from .conftest import onnxruntime, torch

SIZES = [(11, 14), (12, 13)]
"""Even and odd heights and widths."""


def run(builder: Builder, output: str, **inputs: np.ndarray) -> np.ndarray:
    """The value `output` of what was built; inputs must have been declared."""
    builder.op("Identity", output, output="result")
    builder.output("result", ["n", "c", "h", "w"])
    graph = builder.model({}).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (result,) = session.run(["result"], inputs)
    return result


def declare(builder: Builder, **inputs: np.ndarray) -> None:
    for name, value in inputs.items():
        builder.input(name, [1, value.shape[1], f"{name}_height", f"{name}_width"])


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("outputs", "inputs", "kernel", "pads", "groups"),
    [
        (32, 3, 3, (0, 0, 0, 0), 1),  # few channels: all phases in one convolution
        (32, 3, 3, (0, 0, 1, 1), 1),
        (64, 3, 7, (3, 3, 3, 3), 1),
        (32, 48, 3, (0, 0, 0, 0), 1),
        (32, 1, 5, (1, 1, 2, 2), 32),
    ],
)
def test_adjoint_of_a_strided_convolution(
    outputs: int, inputs: int, kernel: int, pads: tuple, groups: int, size: tuple[int, int]
) -> None:
    weight = normal(outputs, inputs, kernel, kernel)
    like = np.zeros((1, inputs * groups, *size), np.float32)
    x = torch.zeros(like.shape, requires_grad=True)
    top, left, bottom, right = pads
    padded = torch.nn.functional.pad(x, (left, right, top, bottom))
    y = torch.nn.functional.conv2d(padded, torch.from_numpy(weight), stride=2, groups=groups)
    gradient = normal(*y.shape)
    y.backward(torch.from_numpy(gradient))
    builder = Builder()
    declare(builder, gradient=gradient, like=like)
    conv = Conv("y", "x", weight, None, 2, pads, groups)
    found = run(
        builder, phases.transposed(builder, "gradient", conv, "like"), gradient=gradient, like=like
    )
    np.testing.assert_allclose(found, x.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ceiling", [None, 6.0])
@pytest.mark.parametrize(("kernel", "pads"), [(3, (0, 0, 1, 1)), (5, (1, 1, 2, 2))])
def test_expansion_in_phases(
    kernel: int, pads: tuple, ceiling: float | None, size: tuple[int, int]
) -> None:
    wide, narrow = 32, 16
    expand, deep = normal(wide, narrow, 1, 1), normal(wide, 1, kernel, kernel)
    like = normal(1, narrow, *size)
    x = torch.from_numpy(like).requires_grad_()
    activation = torch.nn.functional.conv2d(x, torch.from_numpy(expand)).clamp(0, ceiling)
    top, left, bottom, right = pads
    padded = torch.nn.functional.pad(activation, (left, right, top, bottom))
    y = torch.nn.functional.conv2d(padded, torch.from_numpy(deep), stride=2, groups=wide)
    gradient = normal(*y.shape)
    y.backward(torch.from_numpy(gradient))
    inputs = {"gradient": gradient, "like": like, "active": activation.detach().numpy()}
    builder = Builder()
    declare(builder, **inputs)
    found = Blocked().expansion(
        builder, "gradient", Conv("y", "a", deep, None, 2, pads, wide),
        Rectify("a", "u", ceiling), "active", Conv("u", "x", expand, None, 1, (0,) * 4, 1), "like",
    )  # fmt: skip
    assert found is not None
    np.testing.assert_allclose(run(builder, found, **inputs), x.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("ceiling", [None, 6.0])
def test_activation_passes_the_gradient_strictly_inside(ceiling: float | None) -> None:
    smallest = np.float32(1e-29)  # no activation that is not zero is anywhere near it
    edges = [0, smallest, 1, np.nextafter(np.float32(6), np.float32(0)), 6]
    active = np.tile(np.asarray(edges, np.float32), (1, 16, 2, 1))
    gradient = normal(*active.shape)
    builder = Builder()
    declare(builder, gradient=gradient, active=active)
    found = Blocked().rectify(builder, "gradient", "active", ceiling, 16)
    inside = (active > 0) & (active < (ceiling or np.inf))
    np.testing.assert_array_equal(
        run(builder, found, gradient=gradient, active=active), gradient * inside
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "pool",
    [
        MaxPool("y", "x", 3, 2, 0, False),
        MaxPool("y", "x", 3, 2, 0, True),
        MaxPool("y", "x", 2, 2, 0, True),
        MaxPool("y", "x", 3, 1, 1, False),
    ],
)
def test_adjoint_of_a_max_pool_with_ties(pool: MaxPool, size: tuple[int, int]) -> None:
    # zeros are left out: what reaches them, the activation before the pool lets through no further
    before = np.random.default_rng(0).integers(1, 4, (1, 16, *size)).astype(np.float32)
    x = torch.from_numpy(before).requires_grad_()
    y = torch.nn.functional.max_pool2d(
        x, pool.kernel, pool.stride, pool.padding, ceil_mode=pool.ceil
    )
    gradient = normal(*y.shape)
    y.backward(torch.from_numpy(gradient))
    inputs = {"gradient": gradient, "before": before, "after": y.detach().numpy()}
    builder = Builder()
    declare(builder, **inputs)
    found = Blocked().max_pool(builder, "gradient", "before", "after", pool, 16)
    np.testing.assert_allclose(run(builder, found, **inputs), x.grad, rtol=1e-5, atol=1e-5)

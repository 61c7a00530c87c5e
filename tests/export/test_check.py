"""What the exporter holds a graph to: right ones pass, wrong ones do not, by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from livedream.export.check import Agreement, agreement, autograd, check, feed, random_steering
from livedream.export.compose import compose
from livedream.export.errors import ExportError
from livedream.export.networks.stages import Cut, Network, cut
from livedream.export.trace import trace

from .conftest import torch

HEIGHT, WIDTH = 97, 131  # of the images that a small network is checked with


MEAN, STD = [0.5, 0.4, 0.6], [0.25, 0.5, 0.3]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """So little work is done sooner by one thread than handed out to several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def small() -> Cut:
    """A network whose gradient is quickly had."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        network = Network()
        network.stage(None, "convolution", torch.nn.Conv2d(3, 8, 3, stride=2, padding=1))
        network.stage("layer", "rectify", torch.nn.ReLU())
        return cut(network, ["layer"])


@pytest.fixture(scope="module")
def graph(small: Cut) -> bytes:
    tape = trace(small, MEAN, STD)
    return compose(tape, precision="fp32", form="cpu", metadata={}).SerializeToString()


Spoiled = Callable[..., Agreement]


@pytest.fixture
def checked(small: Cut, graph: bytes, tmp_path: Path) -> Spoiled:
    """checked(half, spoil, minimum): the check of a graph whose gradient `spoil` changes."""

    def run(half: bool = False, spoil: Callable | None = None, minimum: int = 7) -> Agreement:
        model = onnx.load_from_string(graph)
        if spoil:
            for node in model.graph.node:
                node.output[:] = ["right" if n == "gradient" else n for n in node.output]
            nodes, constants = spoil()
            model.graph.node.extend(nodes)
            model.graph.initializer.extend(
                numpy_helper.from_array(np.asarray(values), name)
                for name, values in constants.items()
            )
        onnx.save(model, tmp_path / "graph.onnx")
        return check(
            tmp_path / "graph.onnx", small, {"layer": 8}, MEAN, STD,
            minimum_size=minimum, half=half, seed=4,
        )  # fmt: skip

    return run


def times(factor: object) -> Callable:
    """Spoils the gradient by a factor, one number or one for each position."""
    return lambda: (
        [helper.make_node("Mul", ["right", "factor"], ["gradient"])],
        {"factor": np.asarray(factor, np.float32)},
    )


def larger_where_brighter(than: float) -> Callable:
    """Spoils the gradient by half of it in images whose mean is above `than`."""
    return lambda: (
        [
            helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
            helper.make_node("Greater", ["mean", "than"], ["brighter"]),
            helper.make_node("Where", ["brighter", "wrong", "one"], ["by"]),
            helper.make_node("Mul", ["right", "by"], ["gradient"]),
        ],
        {"than": np.float32(than), "wrong": np.float32(1.5), "one": np.float32(1)},
    )


def test_a_right_graph_agrees(checked: Spoiled) -> None:
    result = checked()
    assert result.error < 1e-4
    assert result.cosine > 0.9999


@pytest.mark.parametrize("factor", [0.7, 0.98, 1.02, 1.3, -1, 0])
def test_a_gradient_that_is_some_percent_off_is_refused(checked: Spoiled, factor: float) -> None:
    with pytest.raises(ExportError, match="does not agree with autograd"):
        checked(spoil=times(factor))


def test_rounding_is_let_pass_and_reported(checked: Spoiled) -> None:
    result = checked(spoil=times(1.005))
    assert result.error == pytest.approx(0.005, rel=0.05)
    assert result.cosine > 0.9999


@pytest.mark.parametrize(("kept", "passes"), [(0.96, True), (0.85, False)])
def test_in_half_precision_the_direction_counts(
    checked: Spoiled, kept: float, passes: bool
) -> None:
    """A part of the picture without gradient turns it by the root of the part that is left."""
    mask = np.ones((1, 1, HEIGHT, WIDTH), np.float32)
    mask[..., int(kept * WIDTH) :] = 0
    if passes:
        assert checked(half=True, spoil=times(mask)).cosine == pytest.approx(kept**0.5, abs=0.01)
    else:
        with pytest.raises(ExportError, match="does not agree"):
            checked(half=True, spoil=times(mask))
    with pytest.raises(ExportError, match="does not agree"):
        checked(half=False, spoil=times(mask))


def test_one_odd_image_of_three_is_let_pass_and_two_are_not(checked: Spoiled) -> None:
    rng = np.random.default_rng(4)
    means = []
    for _ in range(3):
        means.append(rng.random((1, 3, HEIGHT, WIDTH), dtype=np.float32).mean())
        random_steering({"layer": 8}, rng)
    darkest, middle, brightest = sorted(map(float, means))
    assert checked(spoil=larger_where_brighter((middle + brightest) / 2)).error < 1e-4
    with pytest.raises(ExportError, match="does not agree"):
        checked(spoil=larger_where_brighter((darkest + middle) / 2))


@pytest.mark.parametrize("axis", [2, 3])
def test_images_are_larger_than_the_smallest_that_the_network_takes(
    checked: Spoiled, axis: int
) -> None:
    spoil = lambda: (  # noqa: E731
        [
            helper.make_node("Shape", ["image"], ["side"], start=axis, end=axis + 1),
            helper.make_node("Greater", ["side", "minimum"], ["fits"]),
            helper.make_node("Where", ["fits", "one", "wrong"], ["by"]),
            helper.make_node("Mul", ["right", "by"], ["gradient"]),
        ],
        {"minimum": np.int64(150), "wrong": np.float32(1.5), "one": np.float32(1)},
    )
    assert checked(spoil=spoil, minimum=150).error < 1e-4
    with pytest.raises(ExportError, match="does not agree"):
        checked(spoil=spoil)


def test_a_network_that_float32_is_too_coarse_for_is_measured_by_torchs_own_error(
    tmp_path: Path,
) -> None:
    """The small difference of two large numbers, which rounding leaves some percent off."""
    network = Network()
    large, difference = torch.nn.Conv2d(3, 2, 1, bias=False), torch.nn.Conv2d(2, 1, 1, bias=False)
    with torch.no_grad():
        large.weight.copy_(
            torch.tensor([[3e3, 7e3, 5e3], [3e3 + 2**-7, 7e3, 5e3]])[..., None, None]
        )
        difference.weight.copy_(torch.tensor([[-1.0, 1.0]])[..., None, None])
    network.stage(None, "large", large)
    network.stage("layer", "difference", difference)
    coarse = cut(network, ["layer"])
    graph = compose(trace(coarse, MEAN, STD), precision="fp32", form="cpu", metadata={})
    onnx.save(graph, tmp_path / "graph.onnx")
    result = check(
        tmp_path / "graph.onnx", coarse, {"layer": 1}, MEAN, STD, minimum_size=1, half=False, seed=1
    )
    assert 0.01 < result.error < 0.5


def test_a_gradient_that_is_not_finite_is_refused(checked: Spoiled) -> None:
    for half in (False, True):
        with pytest.raises(ExportError, match="relative error inf"):
            checked(half=half, spoil=times(np.nan))


def test_agreement_is_relative_and_knows_the_direction() -> None:
    truth = np.array([[3.0, 4.0]])
    assert agreement(truth.astype(np.float32), truth) == Agreement(0.0, pytest.approx(1.0))
    assert agreement(2 * truth, truth) == Agreement(pytest.approx(1.0), pytest.approx(1.0))
    assert agreement(-truth, truth) == Agreement(pytest.approx(2.0), pytest.approx(-1.0))
    assert agreement(np.array([[-4.0, 3.0]]), truth).cosine == pytest.approx(0.0)
    assert agreement(np.array([[3.0, np.inf]]), truth) == Agreement(float("inf"), -1.0)
    nothing = agreement(0 * truth, truth)
    assert (nothing.error, nothing.cosine) == (1.0, 0.0)
    assert agreement(truth, 0 * truth).error > 1e100
    assert agreement(0 * truth, 0 * truth) == Agreement(0.0, 0.0)


def by_hand() -> Network:
    """Two channels: the sum of the colours, and three times red."""
    network = Network()
    convolution = torch.nn.Conv2d(3, 2, 1, bias=False)
    weight = torch.tensor([[1.0, 1.0, 1.0], [3.0, 0.0, 0.0]])
    convolution.weight = torch.nn.Parameter(weight[:, :, None, None])
    network.stage("only", "only", convolution)
    return network


def test_autograd_is_the_derivative_of_the_objective() -> None:
    network = cut(by_hand(), ["only"])
    image = np.array([0.5, 0.25, 1.0], np.float32).reshape(1, 3, 1, 1)
    mean, std = [0.5, 0.25, 0.5], [0.5, 1.0, 0.25]
    # Normalised it is (0, 0, 2): the channels are 2 and 0, and the mean is over both.
    steering = {"only": (np.array([1, 5], np.float32), np.array([0.5, 4], np.float32))}
    gradient, objective = autograd(network, image, steering, mean, std)
    assert objective == pytest.approx((0.5 * 4 + 0.5 * 2) / 2)
    by_channel = np.array([2 + 0.5, 4]) / 2
    by_colour = np.array([by_channel[0] + 3 * by_channel[1], by_channel[0], by_channel[0]])
    assert gradient.dtype == np.float64
    assert gradient.ravel() == pytest.approx(by_colour / std)
    assert next(network.parameters()).dtype == torch.float32


def test_the_networks_numbers_are_float32_again_after_an_error() -> None:
    network = cut(by_hand(), ["only"])
    steering = {"another": (np.ones(2, np.float32), np.ones(2, np.float32))}
    with pytest.raises(KeyError):
        autograd(network, np.zeros((1, 3, 2, 2), np.float32), steering, [0, 0, 0], [1, 1, 1])
    assert next(network.parameters()).dtype == torch.float32


def test_every_layer_is_steered_by_its_own_random_numbers() -> None:
    steering = random_steering({"a": 500, "b": 4}, np.random.default_rng(0))
    inputs = feed(np.zeros((1, 3, 2, 2), np.float32), steering)
    assert {name: values.shape for name, values in inputs.items()} == {
        "image": (1, 3, 2, 2), "a.square": (500,), "a.linear": (500,), "b.square": (4,),
        "b.linear": (4,),
    }  # fmt: skip
    assert all(values.dtype == np.float32 for values in inputs.values())
    square, linear = inputs["a.square"], inputs["a.linear"]
    assert 0 <= square.min() < 0.05 < 0.95 < square.max() < 1
    assert square.mean() == pytest.approx(0.5, abs=0.05)
    assert linear.std() == pytest.approx(0.1, abs=0.01)
    assert linear.mean() == pytest.approx(0, abs=0.02)

"""The catalogue says what the networks are, without torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from livedream.export.catalogue import MODELS, check_request
from livedream.export.errors import ExportError
from livedream.export.networks import NETWORKS, build, cut

from .conftest import torch


def test_same_models() -> None:
    assert set(MODELS) == set(NETWORKS)


@pytest.mark.parametrize("model", MODELS)
def test_layers_channels_and_minimum_sizes(model: str) -> None:
    entry = MODELS[model]
    network = build(model).to("meta")
    assert [tap for tap, _ in network.stages if tap] == list(entry.layer_names)
    assert set(entry.default_layers) <= set(entry.bank) <= set(entry.layer_names)
    for layer in entry.layers:
        part = cut(network, [layer.name])

        def positions(side: int, part: torch.nn.Module = part) -> int:
            (activation,) = part(torch.zeros(1, 3, side, side, device="meta"))
            assert activation.shape[1] == layer.channels  # noqa: B023
            return activation[0, 0].numel()

        assert positions(layer.minimum_size) >= 1
        if layer.minimum_size > 1:
            with pytest.raises((RuntimeError, AssertionError)):
                assert positions(layer.minimum_size - 1) >= 1


@pytest.mark.parametrize("module", ["livedream.export", "livedream.export.catalogue"])
def test_needs_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit(any(m in sys.modules for m in ('torch', 'onnx')))"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (("gogglenet", ["x"], "fp32", "cpu"), "googlenet"),
        (("googlenet", ["inception4x"], "fp32", "cpu"), "inception4"),
        (("googlenet", ["Inception4C"], "fp32", "cpu"), "inception4c"),
        (("googlenet", ["conv1"], "fp61", "cpu"), "fp16"),
        (("googlenet", ["conv1"], "fp32", "openvinno"), "openvino"),
        (("googlenet", [], "fp32", "cpu"), "conv1"),
        (("googlenet", ["conv1", "conv1"], "fp32", "cpu"), "twice"),
    ],
)
def test_wrong_names_are_answered_with_the_nearest(request_: tuple, answer: str) -> None:
    with pytest.raises(ExportError, match=answer) as caught:
        check_request(*request_)
    assert caught.value.usage


def test_trained_network_classifies() -> None:
    """Normalisation, padding and names are right only if the trained network is sure of itself."""
    from .conftest import trained  # skips where the weights are missing

    weights = trained("efficientnet_lite0")
    from livedream.export.weights import load

    entry = MODELS["efficientnet_lite0"]
    network = load(entry, ["logits"], weights, progress=lambda stage, fraction: None).network
    rows = torch.arange(224.0)[:, None]
    columns = torch.arange(224.0)[None, :]
    inside = ((rows - 112) ** 2 + (columns - 112) ** 2).sqrt() < 70
    image = torch.where(inside, torch.tensor([1.0, 0.5, 0.05])[:, None, None], torch.tensor(0.9))
    with torch.no_grad():
        (scores,) = network((image[None] - entry.mean) / entry.std)
    best = scores.flatten().softmax(0).topk(5).indices.tolist()
    assert set(best) & {950, 951, 574, 852, 417, 522, 722}  # orange, lemon, balls, balloon

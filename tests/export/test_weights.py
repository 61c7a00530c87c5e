"""Weights: files that do not fit, parameters from a seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file

from livedream.export.catalogue import MODELS
from livedream.export.errors import ExportError
from livedream.export.networks import build, cut
from livedream.export.weights import load

from .conftest import Loaded, smooth_image, torch


def quiet(stage: str, fraction: float) -> None:
    """No progress."""


def state(model: str, layers: list[str]) -> dict:
    return dict(cut(build(model), layers).state_dict())


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_cut_checkpoint_covers_its_layers(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"cut{suffix}"
    parameters = state("googlenet", ["inception3a"])
    if suffix == ".pth":
        torch.save({"state_dict": parameters | {"aux1.conv.weight": torch.zeros(1)}}, file)
    else:
        save_file(parameters, file)
    loaded = load(MODELS["googlenet"], ["inception3a", "conv2"], str(file), progress=quiet)
    assert loaded.origin == file.name
    assert loaded.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    own = loaded.network.state_dict()
    assert torch.equal(own["conv1.conv.weight"], parameters["conv1.conv.weight"])
    with pytest.raises(ExportError, match=r"inception3b.*missing"):
        load(MODELS["googlenet"], ["inception3b"], str(file), progress=quiet)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {"epoch": 7, "model": state},
        lambda state: {"model": {"state_dict": state}, "optimizer": {"lr": 0.1}},
        lambda state: {
            "state_dict": {f"model.backbone.{name}": value for name, value in state.items()}
            | {"head.weight": torch.zeros(3), "conv1.conv.weight": torch.zeros(1)}
        },
    ],
    ids=["parallel", "model", "nested", "beside others"],
)
def test_a_trainers_checkpoint_is_found_inside(tmp_path: Path, wrapped: Callable) -> None:
    parameters = state("googlenet", ["conv2"])
    torch.save(wrapped(parameters), tmp_path / "trained.pth")
    loaded = load(MODELS["googlenet"], ["conv2"], str(tmp_path / "trained.pth"), progress=quiet)
    for name, value in loaded.network.state_dict().items():
        assert torch.equal(value, parameters[name]), name


def test_a_checkpoint_that_holds_itself_ends(tmp_path: Path) -> None:
    loop: dict = {}
    loop["model"] = loop
    torch.save(loop, tmp_path / "loop.pth")
    with pytest.raises(ExportError, match="missing"):
        load(MODELS["googlenet"], ["conv1"], str(tmp_path / "loop.pth"), progress=quiet)


def test_two_networks_in_a_file_are_not_guessed_between(tmp_path: Path) -> None:
    parameters = state("googlenet", ["conv1"])
    both = {f"{who}.{name}": v for who in ("pupil", "teacher") for name, v in parameters.items()}
    save_file({name: value.clone() for name, value in both.items()}, tmp_path / "a.safetensors")
    with pytest.raises(ExportError, match=r"under pupil\. and teacher\."):
        load(MODELS["googlenet"], ["conv1"], str(tmp_path / "a.safetensors"), progress=quiet)


def test_misshapen_and_not_finite(tmp_path: Path) -> None:
    file = tmp_path / "odd.pth"
    parameters = state("googlenet", ["conv3"])
    parameters["conv3.bn.bias"] = torch.zeros(7)
    parameters["conv2.conv.weight"] = parameters["conv2.conv.weight"] * float("nan")
    torch.save(parameters, file)
    with pytest.raises(ExportError) as caught:
        load(MODELS["googlenet"], ["conv3"], str(file), progress=quiet)
    message = str(caught.value)
    assert "conv3.bn.bias has shape [7] instead of [192]" in message
    assert "conv2.conv.weight is not finite" in message
    assert "layers conv2, conv3" in message


class Harmful:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple:
        return (open, ("/nonexistent/touched", "w"))


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.pth", b"hello"), ("text.safetensors", b"hello"), ("empty.pt", b""), ("x.zip", b"")],
)
def test_not_a_checkpoint(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExportError, match=name):
        load(MODELS["googlenet"], ["conv1"], str(tmp_path / name), progress=quiet)


def test_code_in_a_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"a": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(ExportError, match="weights-only"):
        load(MODELS["googlenet"], ["conv1"], str(tmp_path / "harmful.pth"), progress=quiet)


def test_normalisation_in_the_metadata(tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    own = {"image_mean": "[0.485, 0.456, 0.406]", "image_std": "[0.229, 0.224, 0.225]"}
    save_file(state("googlenet", ["conv1"]), file, own)
    loaded = load(MODELS["googlenet"], ["conv1"], str(file), progress=quiet)
    assert loaded.mean == json.loads(own["image_mean"])
    assert loaded.std == json.loads(own["image_std"])
    save_file(state("googlenet", ["conv1"]), file, {"image_std": "[1, 0, 1]"})
    with pytest.raises(ExportError, match="image_std"):
        load(MODELS["googlenet"], ["conv1"], str(file), progress=quiet)


@pytest.mark.parametrize("model", MODELS)
def test_random_activations_neither_die_nor_explode(weighted: Loaded, model: str) -> None:
    layers = MODELS[model].layer_names
    network = weighted(model, layers, "random").network
    image = torch.from_numpy(smooth_image(160, 128, seed=0))
    with torch.no_grad():
        activations = network(image * 2 - 1)
    for layer, activation in zip(layers, activations, strict=True):
        assert 0.05 < activation.square().mean().sqrt() < 20, layer
        assert (activation != 0).float().mean() > 0.1, layer


def test_random_weights_are_the_same_on_any_number_of_threads() -> None:
    """The baseline's process had another network than the graph, on sixteen cores."""
    before, found = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        weights = load(MODELS["googlenet"], ["inception4c"], "random", seed=3, progress=quiet)
        found.append((weights.sha256, torch.get_num_threads()))
    torch.set_num_threads(before)
    assert found[0][0] == found[1][0]
    assert [threads for _, threads in found] == [1, 2]

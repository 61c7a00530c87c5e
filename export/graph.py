"""Export: a network's layers to one checked ONNX file."""

from __future__ import annotations

import importlib.metadata
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from .catalogue import check_request, parted
from .check import check
from .compose import compose
from .download import Progress
from .errors import ExportError
from .fingerprint import fingerprint
from .trace import trace
from .typical import typical_gradients
from .weights import load

FORMAT = "1"
"""Version of the graph contract, in the file's metadata."""


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how well it agrees with autograd in float64."""

    output: str
    model: str
    layers: tuple[str, ...]
    precision: str
    form: str
    weights: str
    weights_sha256: str
    minimum_size: int
    bytes: int
    error: float
    """Relative L2 error of the gradient."""
    cosine: float
    seconds: float


def export_graph(
    model: str,
    layers: Sequence[str],
    output: Path,
    *,
    weights: str = "auto",
    precision: str = "fp32",
    form: str = "cpu",
    seed: int = 0,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the gradient graph of `layers` of `model` to `output`.

    They are tapped in the network's order. `weights` is `auto`, `random` (from `seed`) or a file;
    `precision` one of the catalogue's `PRECISIONS`, `form` one of its `FORMS`; `cache` the folder
    of downloaded weights; `progress` is called with a stage and its fraction, 0..1. The
    file appears under its name only after it agreed with torch's autograd. Raises `ExportError`.
    """
    started = time.perf_counter()
    report = progress or (lambda stage, fraction: None)
    entry = check_request(model, layers, precision, form)
    layers = entry.ordered(layers)
    whole = [layer for layer in layers if not parted(layer)[1]]
    output = Path(output)
    if output.is_dir():
        raise ExportError(f"{output} is a folder, not a file to write.", usage=True)

    report("reading weights", 0.0)
    weighted = load(entry, whole, weights, seed=seed, cache=cache, progress=report)
    report("tracing", 0.0)
    places = [layer for layer in layers if parted(layer)[1]]
    tape = trace(weighted.network, weighted.mean, weighted.std, places)
    channels = {layer: entry.layer(layer).channels for layer in layers}
    minimum = entry.minimum_size(layers)
    report("measuring the layers", 0.0)
    typical = typical_gradients(
        weighted.network, weighted.mean, weighted.std, places, minimum_size=minimum
    )
    metadata = {
        "livedream.format": FORMAT,
        "livedream.version": importlib.metadata.version("livedream"),
        "livedream.exporter": fingerprint(),
        "livedream.model": model,
        "livedream.layers": json.dumps([{"name": k, "channels": v} for k, v in channels.items()]),
        "livedream.typical": json.dumps(typical),
        "livedream.minimum_size": str(minimum),
        "livedream.weights": weighted.origin,
        "livedream.weights_sha256": weighted.sha256,
        "livedream.precision": precision,
        "livedream.form": form,
    }
    graph = compose(tape, precision=precision, form=form, metadata=metadata)

    temporary = _temporary(output)
    try:
        report("writing", 0.0)
        onnx.save(graph, temporary)
        report("checking against autograd", 0.0)
        agreement = check(
            temporary, weighted.network, channels, weighted.mean, weighted.std,
            minimum_size=minimum, half=precision == "fp16", seed=seed,
        )  # fmt: skip
        size = temporary.stat().st_size
        os.replace(temporary, output)
    except OSError as error:
        raise ExportError(f"{output} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    report("done", 1.0)
    return ExportReport(
        str(output), model, tuple(layers), precision, form, weighted.origin, weighted.sha256,
        minimum, size, agreement.error, agreement.cosine, time.perf_counter() - started,
    )  # fmt: skip


def _temporary(output: Path) -> Path:
    """An empty file of its own beside `output`."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=output.parent, prefix=f".{output.name}.", suffix=".part"
        )
    except OSError as error:
        raise ExportError(f"{output} cannot be written: {error.strerror or error}.") from error
    os.close(handle)
    os.chmod(name, 0o644)  # mkstemp's file is the owner's alone; an exported graph is not secret
    return Path(name)

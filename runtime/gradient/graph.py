"""What an exported file says of itself, read without onnx or torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import LivedreamError, UsageError
from .ort import ort

FORMAT = "1"
"""The graph contract this runtime was written for (`livedream.format` in the file)."""

REQUIRED = ("model", "layers", "minimum_size", "precision", "form", "weights", "weights_sha256")


@dataclass(frozen=True)
class Graph:
    """One exported file: forward and backward of a network cut at its tapped layers.

    layers: name -> channels, in the network's order. minimum_size: pixels, for both sides.
    precision: fp32 or fp16. form: the provider family it was written for (cpu, openvino, gpu).
    weights: where they came from. weights_sha256: of the weights, hexadecimal.
    """

    path: Path
    model: str
    layers: dict[str, int]
    minimum_size: int
    precision: str
    form: str
    weights: str
    weights_sha256: str


def read_graph(path: Path) -> Graph:
    """The file's metadata. Raises LivedreamError saying what is wrong with the file."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist; `livedream export` writes graph files.")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).split("\n")[0][:200]
        raise LivedreamError(
            f"{path} cannot be opened as an ONNX graph ({reason}); it may be cut short or damaged: "
            "export it again with `livedream export`."
        ) from error
    return _from_metadata(path, session.get_modelmeta().custom_metadata_map)


def _from_metadata(path: Path, metadata: dict[str, str]) -> Graph:
    written = metadata.get("livedream.format")
    if written is None:
        raise LivedreamError(
            f"{path} is an ONNX file, but not one with an input-gradient graph by "
            "`livedream export`; make one with `livedream export MODEL --layers L --output FILE`."
        )
    missing = [key for key in REQUIRED if f"livedream.{key}" not in metadata]
    if written != FORMAT or missing:
        raise LivedreamError(
            f"{path} was exported by livedream {metadata.get('livedream.version', '?')} in graph "
            f"format {written}, and this one reads format {FORMAT}: export it again."
        )
    layers = json.loads(metadata["livedream.layers"])
    return Graph(
        path=path,
        layers={layer["name"]: int(layer["channels"]) for layer in layers},
        minimum_size=int(metadata["livedream.minimum_size"]),
        **{
            key: metadata[f"livedream.{key}"]
            for key in ("model", "precision", "form", "weights", "weights_sha256")
        },
    )

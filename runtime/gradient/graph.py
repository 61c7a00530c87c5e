"""What an exported file says of itself, read without onnx, torch or a session.

An ONNX file is one protobuf message. Of its fields only `metadata_props` is read; the network,
which may be a gigabyte, is passed over by its length.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import LivedreamError, UsageError
from .steering import Guides

FORMAT = "1"
"""The graph contract this runtime was written for (`livedream.format` in the file)."""

REQUIRED = ("model", "layers", "minimum_size", "precision", "form", "weights", "weights_sha256")

MOST_CHANNELS = 65_536
"""Of one layer; the widest of known networks have some thousands."""

MOST_LAYERS = 1_000

LARGEST_MINIMUM = 4_096
"""Pixels that a network may need on each side."""

_GRAPH, _METADATA, _KEY, _VALUE = 7, 14, 1, 2
_INITIALIZER, _EXTERNAL = 5, 13
"""Numbers of fields in onnx.proto: of ModelProto, its StringStringEntryProto, its GraphProto, and
the TensorProto in that."""

_LONGEST_ENTRY = 1_000_000
"""Bytes."""

_MOST_FIELDS = 10_000
_MOST_NODES = 1_000_000


@dataclass(frozen=True)
class Graph:
    """One exported file: forward and backward of a network cut at its tapped layers.

    layers: name -> channels, in the network's order. minimum_size: pixels, for both sides.
    precision: fp32 or fp16. form: the provider family it was written for (cpu, openvino, gpu).
    weights: where they came from. weights_sha256: of the weights, hexadecimal.

    typical: of each layer, mean |gradient| of all of it and of one of its channels on a picture
    that is dreamt on; empty where the file does not say. cuts: of each layer, values of the file
    and those that stand for them where nothing deeper is climbed; empty where it cannot be cut.
    guides: not of the file: pictures that guide the dream, as it sees them.
    """

    path: Path
    model: str
    layers: dict[str, int]
    minimum_size: int
    precision: str
    form: str
    weights: str
    weights_sha256: str
    typical: dict[str, tuple[float, float]] = field(default_factory=dict)
    cuts: dict[str, dict[str, str]] = field(default_factory=dict)
    guides: Guides | None = None

    def check_size(self, height: int, width: int) -> None:
        """Raises UsageError for a picture that is too small for the network."""
        if min(height, width) < self.minimum_size:
            raise UsageError(
                f"{width}x{height} is too small: {self.model} needs at least {self.minimum_size} "
                "pixels on each side; have a larger --size."
            )


def read_graph(path: Path) -> Graph:
    """The file's metadata. Raises UsageError where there is no file, LivedreamError saying what is
    wrong with it."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist; `livedream export` writes graph files.")
    try:
        with path.open("rb") as file:
            metadata = _metadata(file)
    except (OSError, _Malformed) as error:
        raise LivedreamError(
            f"{path} cannot be read as an ONNX graph ({error}); it may be cut short or damaged: "
            "export it again with `livedream export`."
        ) from error
    return _from_metadata(path, metadata)


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
            f"{path} was exported by livedream {metadata.get('livedream.version', '?')[:20]} in "
            f"graph format {written[:20]}, and this one reads format {FORMAT}: export it again."
        )
    try:
        return Graph(
            path=path,
            layers=_layers(metadata["livedream.layers"]),
            minimum_size=_minimum_size(metadata["livedream.minimum_size"]),
            typical=_typical(metadata.get("livedream.typical", "{}")),
            cuts=_cuts(metadata.get("livedream.cuts", "{}")),
            guides=None,
            **{
                key: metadata[f"livedream.{key}"]
                for key in ("model", "precision", "form", "weights", "weights_sha256")
            },
        )
    except _Malformed as error:
        raise LivedreamError(
            f"{path} was not written by `livedream export`: {error}; export it again."
        ) from error


class _Malformed(Exception):
    """What is not as it should be, for a sentence."""


def _layers(text: str) -> dict[str, int]:
    """Name -> channels, from the JSON of the file."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Malformed("its list of layers is no JSON") from error
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_LAYERS:
        raise _Malformed(f"its layers are no list of 1 to {MOST_LAYERS}")
    layers: dict[str, int] = {}
    for layer in listed:
        name: Any = layer.get("name") if isinstance(layer, dict) else None
        if not isinstance(name, str) or not name or name in layers:
            raise _Malformed("one of its layers has no name of its own")
        channels: Any = layer.get("channels")
        if type(channels) is not int or not 0 < channels <= MOST_CHANNELS:
            raise _Malformed(f"the channels of {name[:60]} are no number from 1 to {MOST_CHANNELS}")
        layers[name] = channels
    return layers


def _typical(text: str) -> dict[str, tuple[float, float]]:
    typical: dict[str, tuple[float, float]] = {}
    for name, pair in _table(text, "typical gradients").items():
        try:
            whole, channel = map(float, pair)
        except (TypeError, ValueError) as error:
            raise _Malformed("its typical gradients are no pairs of numbers") from error
        if not (0 <= whole < math.inf and 0 <= channel < math.inf):
            raise _Malformed("one of its typical gradients is no size")
        typical[name] = whole, channel
    return typical


def _cuts(text: str) -> dict[str, dict[str, str]]:
    try:
        return {
            layer: {str(value): str(other) for value, other in pairs}
            for layer, pairs in _table(text, "cuts").items()
        }
    except (TypeError, ValueError) as error:
        raise _Malformed("its cuts are no pairs of values") from error


def _table(text: str, what: str) -> dict[str, Any]:
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Malformed(f"its {what} are no JSON") from error
    if not isinstance(table, dict):
        raise _Malformed(f"its {what} are no table")
    return table


def _minimum_size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 6):
        raise _Malformed("its smallest side is no number")
    if not 0 < int(text) <= LARGEST_MINIMUM:
        raise _Malformed(f"its smallest side is not between 1 and {LARGEST_MINIMUM}")
    return int(text)


def _metadata(file: BinaryIO) -> dict[str, str]:
    """`metadata_props` of the ONNX file. Raises _Malformed for what is no whole ONNX file."""
    metadata: dict[str, str] = {}
    network = False
    for number, length in _fields(file, os.fstat(file.fileno()).st_size):
        if number == _GRAPH and length:
            network = True
            _check_within(file, file.tell() + length)
        if number != _METADATA:
            continue
        if length > _LONGEST_ENTRY:
            raise _Malformed("its metadata is too long")
        entry = {_KEY: "", _VALUE: ""}
        for part, size in _fields(file, file.tell() + length):
            try:
                entry[part] = file.read(size).decode()
            except UnicodeDecodeError as error:
                raise _Malformed("its metadata is no text") from error
        metadata[entry[_KEY]] = entry[_VALUE]
    if not network:
        raise _Malformed("there is no network in it")
    return metadata


def _check_within(file: BinaryIO, end: int) -> None:
    """Raises _Malformed where weights of the network up to `end` lie in another file: who sends a
    graph would say which files of this machine are opened."""
    for number, length in _fields(file, end, _MOST_NODES):
        if number == _INITIALIZER:
            for part, _ in _fields(file, file.tell() + length):
                if part == _EXTERNAL:
                    raise _Malformed("its weights lie in another file")


def _fields(file: BinaryIO, end: int, most: int = _MOST_FIELDS) -> Iterator[tuple[int, int]]:
    """Number and length in bytes of each field up to `end`, the file standing at its content."""
    place = file.tell()
    for _ in range(most):
        if place == end:
            return
        tag = _varint(file)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _varint(file)
            length = 0
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        elif kind == 2:
            length = _varint(file)
        else:
            raise _Malformed("its content is no protobuf")
        start = file.tell()
        place = start + length
        if number == 0 or place > end:
            raise _Malformed("it ends too early")
        if kind == 2:
            yield number, length
        file.seek(place)
    raise _Malformed("it has too many parts")


def _varint(file: BinaryIO) -> int:
    value = 0
    for place in range(10):
        byte = file.read(1)
        if not byte:
            raise _Malformed("it ends too early")
        value |= (byte[0] & 127) << (7 * place)
        if byte[0] < 128:
            return value
    raise _Malformed("its content is no protobuf")

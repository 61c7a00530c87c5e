"""What an exported file says of itself, read without onnx, torch or a session.

An ONNX file is a protobuf message whose metadata stands beside the graph; walking over its outer
fields finds it in a millisecond, where opening a session would stop Python's other threads.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import LivedreamError, UsageError

FORMAT = "1"
"""The graph contract this runtime was written for (`livedream.format` in the file)."""

REQUIRED = ("model", "layers", "minimum_size", "precision", "form", "weights", "weights_sha256")

MOST_CHANNELS = 65_536
"""Of a layer. Its weights are allocated before anything is computed."""

LARGEST_MINIMUM = 4096
"""Pixels."""

_METADATA_PROPS, _KEY, _VALUE = 14, 1, 2
"""Field numbers of onnx.proto: in ModelProto, and in StringStringEntryProto."""

_LONGEST = 1 << 20
"""Bytes of all metadata."""


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
    """The file's metadata. Raises UsageError where there is no such file, LivedreamError saying
    what is wrong with the file."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist; `livedream export` writes graph files.")
    try:
        metadata = read_metadata(path)
    except (OSError, ValueError) as error:
        raise LivedreamError(
            f"{path} cannot be read as an ONNX graph ({error}); it may be cut short or damaged: "
            "export it again with `livedream export`."
        ) from error
    return _from_metadata(path, metadata)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of an ONNX file. Raises ValueError where it is none, OSError as `open` does."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        metadata, length = {}, 0
        for number, start, end in _fields(content, 0, len(content)):
            if number != _METADATA_PROPS:
                continue
            length += end - start
            if length > _LONGEST:
                raise ValueError("its metadata has no end")
            entry = {
                field: content[first:last].decode("utf-8")
                for field, first, last in _fields(content, start, end)
            }
            metadata[entry.get(_KEY, "")] = entry.get(_VALUE, "")
    return metadata


def _fields(content: mmap.mmap, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Every field of a protobuf message that has a length: its number, and where its bytes lie.

    Source: protobuf.dev, "Encoding". Raises ValueError for what is no such message.
    """
    while place < end:
        tag, place = _varint(content, place, end)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("it is no protobuf message")
        if kind == 0:
            _, place = _varint(content, place, end)
        elif kind == 2:
            length, place = _varint(content, place, end)
            if length > end - place:
                raise ValueError("it ends too early")
            yield number, place, place + length
            place += length
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise ValueError("it is no protobuf message")
    if place > end:
        raise ValueError("it ends too early")


def _varint(content: mmap.mmap, place: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            raise ValueError("it ends too early")
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("it is no protobuf message")


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
            f"format {written[:20]}, and this one reads format {FORMAT}: export it again."
        )
    try:
        return Graph(
            path=path,
            layers=_layers(metadata["livedream.layers"]),
            minimum_size=_whole(metadata["livedream.minimum_size"], LARGEST_MINIMUM),
            **{
                key: metadata[f"livedream.{key}"]
                for key in ("model", "precision", "form", "weights", "weights_sha256")
            },
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LivedreamError(
            f"{path} says of itself what cannot be ({type(error).__name__}: {str(error)[:100]}); "
            "it may be damaged: export it again with `livedream export`."
        ) from error


def _layers(text: str) -> dict[str, int]:
    layers = json.loads(text)
    if not isinstance(layers, list) or not layers:
        raise ValueError("its layers are no list")
    return {str(layer["name"]): _whole(layer["channels"], MOST_CHANNELS) for layer in layers}


def _whole(value: object, most: int) -> int:
    number = int(str(value))
    if not 1 <= number <= most:
        raise ValueError(f"{number} is not between 1 and {most}")
    return number

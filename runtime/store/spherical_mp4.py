"""The boxes by which players know that a clip is a panorama: st3d and sv3d of Google's Spherical
Video V2, in the picture's sample entry of an MP4 or MOV file. FFmpeg writes them only from side
data that PyAV does not give."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import LivedreamError

STEREO = {"none": 0, "over-under": 1, "side-by-side": 2}
"""As st3d counts them."""

_ENTRY = 86
"""Bytes of a picture's sample entry before its own boxes, its header included."""

_CHUNK = 1 << 20


def mark_spherical(path: Path, stereo: str) -> None:
    """Say in the file, MP4 or MOV and not fragmented, that its picture is an equirectangular
    panorama of the whole sphere, `stereo` being a name of STEREO.

    Raises LivedreamError where the file is not as FFmpeg writes it; it is as it was then.
    """
    with path.open("r+b") as file:
        boxes = {kind: (at, size) for kind, at, size in _top(file)}
        if "moov" not in boxes or boxes["moov"][1] > 1 << 30:
            raise LivedreamError(f"{path} has no index where the panorama could be told.")
        at, size = boxes["moov"]
        file.seek(at)
        moov = bytearray(file.read(size))
        added = _inserted(moov, _boxes(stereo))
        if not added:
            raise LivedreamError(f"{path} has no picture to be told a panorama.")
        if boxes.get("mdat", (0, 0))[0] > at:
            _move_chunks(moov, added)
        _shift(file, at + size, added)
        file.seek(at)
        file.write(moov)


def _boxes(stereo: str) -> bytes:
    st3d = _box("st3d", struct.pack(">IB", 0, STEREO[stereo]))
    svhd = _box("svhd", struct.pack(">I", 0) + b"livedream\0")
    # No turn of the sphere, and all of it.
    prhd, equi = _box("prhd", bytes(16)), _box("equi", bytes(20))
    return st3d + _box("sv3d", svhd + _box("proj", prhd + equi))


def _box(kind: str, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind.encode() + body


def _top(file: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Kind, place and size of every box of the file."""
    at, end = 0, os.fstat(file.fileno()).st_size
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < 8:  # To the end of the file, or nonsense.
            size = end - at
        yield kind.decode("latin-1"), at, size
        at += size


def _within(data: bytes | bytearray, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The same of the boxes in a part of the index."""
    at = start
    while at + 8 <= end:
        (size,) = struct.unpack_from(">I", data, at)
        if size < 8 or at + size > end:
            return
        yield data[at + 4 : at + 8].decode("latin-1"), at, size
        at += size


def _inserted(moov: bytearray, boxes: bytes) -> int:
    """Put `boxes` at the end of the first picture's sample entry, every box around it larger by
    them. The bytes that were added."""
    for path in _tracks(moov):
        entry, size = path[-1]
        if moov[entry + 4 : entry + 8] in (b"mp4a", b"text", b"tmcd") or size < _ENTRY:
            continue
        for at, length in path:
            struct.pack_into(">I", moov, at, length + len(boxes))
        moov[entry + size : entry + size] = boxes
        return len(boxes)
    return 0


def _tracks(moov: bytearray) -> Iterator[list[tuple[int, int]]]:
    """Of every track of a picture, the boxes (place, size) from moov down to its sample entry."""
    way: dict[str, int] = {"trak": 8, "mdia": 8, "minf": 8, "stbl": 8, "stsd": 16}
    kinds = list(way)

    def down(depth: int, path: list[tuple[int, int]], start: int) -> Iterator[list]:
        at, size = path[-1]
        for kind, inner, length in _within(moov, start, at + size):
            if depth == len(kinds):
                yield [*path, (inner, length)]
                return
            if kind == kinds[depth]:
                begin = inner + way[kind]
                yield from down(depth + 1, [*path, (inner, length)], begin)

    for path in down(0, [(0, len(moov))], 8):
        mdia, mdia_size = path[2]
        inside = moov[mdia : mdia + mdia_size]
        if b"hdlr" in inside and inside[inside.index(b"hdlr") + 12 :][:4] == b"vide":
            yield path


def _move_chunks(moov: bytearray, by: int) -> None:
    """The places of all chunks, which lie behind the index, that many bytes further on."""
    for kind, form, width in ((b"stco", ">I", 4), (b"co64", ">Q", 8)):
        at = moov.find(kind)
        while at >= 0:
            (count,) = struct.unpack_from(">I", moov, at + 8)
            for place in range(at + 12, at + 12 + count * width, width):
                (offset,) = struct.unpack_from(form, moov, place)
                struct.pack_into(form, moov, place, offset + by)
            at = moov.find(kind, at + 12 + count * width)


def _shift(file: BinaryIO, start: int, by: int) -> None:
    """Everything from `start` on, that many bytes further on; from behind, in pieces."""
    end = os.fstat(file.fileno()).st_size
    while end > start:
        begin = max(start, end - _CHUNK)
        file.seek(begin)
        piece = file.read(end - begin)
        file.seek(begin + by)
        file.write(piece)
        end = begin

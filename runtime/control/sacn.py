"""sACN (ANSI E1.31): reading packets of levels. Pure functions over bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

PORT = 5568
LARGEST = 63999
"""The highest universe; the lowest is 1."""

_ROOT = struct.Struct(">HH12sHI16s")
_FRAME = struct.Struct(">HI64sBHBBH")
_DMP = struct.Struct(">HBBHHH")
_ID = b"ASC-E1.17\0\0\0"
_PREVIEW, _ENDED = 0x80, 0x40


@dataclass(frozen=True)
class Levels:
    """One packet of levels. sender: its own mark, the same from every address. priority: 0..200.
    ended: the sender says that it stops. slots: from channel 1 on."""

    universe: int
    sequence: int
    slots: bytes
    sender: bytes
    name: str
    priority: int
    ended: bool


def read(data: bytes) -> Levels | None:
    """What a packet says; None for all that is no levels for the stage, or is mangled."""
    start = _ROOT.size + _FRAME.size + _DMP.size
    if len(data) <= start:
        return None
    before, after, mark, _, vector, sender = _ROOT.unpack_from(data)
    if (before, after, mark, vector) != (0x10, 0, _ID, 4):
        return None
    _, vector, name, priority, _, sequence, options, universe = _FRAME.unpack_from(data, _ROOT.size)
    if vector != 2 or priority > 200 or options & _PREVIEW or not 1 <= universe <= LARGEST:
        return None
    _, vector, kind, first, step, count = _DMP.unpack_from(data, _ROOT.size + _FRAME.size)
    slots = data[start + 1 : start + count]
    if (vector, kind, first, step, data[start]) != (2, 0xA1, 0, 1, 0):
        return None  # Another start code is no level.
    if not 2 <= count <= 513 or len(slots) < count - 1:
        return None
    text = name.partition(b"\0")[0].decode("utf-8", "replace")
    return Levels(universe, sequence, slots, sender, text, priority, bool(options & _ENDED))


def group(universe: int) -> str:
    """The multicast address that carries `universe`."""
    return f"239.255.{universe >> 8}.{universe & 0xFF}"

"""Art-Net 4: reading ArtDmx and ArtPoll, and the answer to a poll. Pure functions over bytes."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

PORT = 6454
HEADER = b"Art-Net\0"
POLL, POLL_REPLY, DMX = 0x2000, 0x2100, 0x5000
VERSION = 14
"""Of the protocol; senders of an older one are not read."""

LARGEST = 32767
"""The highest universe: 7 bits of net, 4 of sub-net, 4 of universe."""

PROTOTYPE = 0x7FF0
"""The manufacturer's code that ESTA keeps for programs without one."""


_REPLY = struct.Struct("<8sH4sHBBBBHBBH18s64s64sBB")


@dataclass(frozen=True)
class Levels:
    """One packet of levels. sequence: 0 where the sender counts none. slots: from channel 1 on."""

    universe: int
    sequence: int
    slots: bytes


class Poll:
    """Somebody asks who is there."""


def read(data: bytes) -> Levels | Poll | None:
    """What a packet says; None for all that is neither levels nor a poll, or is mangled."""
    if len(data) < 12 or data[:8] != HEADER:
        return None
    (code,) = struct.unpack_from("<H", data, 8)
    (version,) = struct.unpack_from(">H", data, 10)
    if version < VERSION:
        return None
    if code == POLL:
        return Poll()
    if code != DMX or len(data) < 18:
        return None
    sequence, _, low, net, length = struct.unpack_from(">BBBBH", data, 12)
    slots = data[18 : 18 + length]
    if not 1 <= length <= 512 or len(slots) < length:
        return None
    return Levels((net & 0x7F) << 8 | low, sequence, slots)


def poll_reply(universe: int, host: str, name: str, status: str) -> bytes:
    """Says that a node at `host` takes `universe`. name, status: ASCII, cut where too long."""
    own, words = (
        socket.inet_aton(host),
        [text.encode("ascii", "replace") for text in (name, status)],
    )
    head = _REPLY.pack(
        HEADER, POLL_REPLY, own, PORT, 0, 1, universe >> 8, universe >> 4 & 0xF, 0xFFFF, 0, 0,
        PROTOTYPE, words[0][:17], words[0][:63], words[1][:63], 0, 1,
    )  # fmt: skip
    takes, sends, state, here = [0x80, 0, 0, 0], [0] * 4, [0x80, 0, 0, 0], [universe & 0xF, 0, 0, 0]
    ports = bytes([*takes, *sends, *state, *sends, *here])
    # No hardware address is told; the last but one byte says that it is the first node at `host`,
    # the last that it knows universes of 15 bits.
    return head + ports + bytes(13) + own + bytes([1, 0x08]) + bytes(26)

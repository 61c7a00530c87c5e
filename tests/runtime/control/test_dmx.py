"""A lighting desk: bytes by the two standards, and real sockets on the loopback."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livedream.runtime.control import artnet, sacn
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.dmx import SILENT, Dmx, Patch, Turns, parse_patch
from livedream.runtime.control.parameters import parameters
from livedream.runtime.control.personality import WIDTH, Said, as_markdown, said
from livedream.runtime.errors import LivedreamError, UsageError

from ...patience import PATIENCE, until

DOCS = Path(__file__).parents[3] / "docs"
ALL = parameters({"a": 4, "b": 4})
OPEN = 255


def slots(**levels: int) -> bytes:
    """The personality's twelve channels, as `c1=255`; the last one open unless said."""
    made = bytearray(WIDTH)
    made[-1] = OPEN
    for name, level in levels.items():
        made[int(name[1:]) - 1] = level
    return bytes(made)


def art(levels: bytes, universe: int = 0, sequence: int = 0) -> bytes:
    """ArtDmx as the standard's table writes it."""
    levels += bytes(len(levels) % 2)
    return (
        b"Art-Net\0" + b"\x00\x50" + b"\x00\x0e" + bytes([sequence, 0])
        + bytes([universe & 0xFF, universe >> 8]) + len(levels).to_bytes(2) + levels
    )  # fmt: skip


def e131(
    levels: bytes,
    universe: int = 1,
    sequence: int = 0,
    *,
    cid: bytes = b"A" * 16,
    priority: int = 100,
    options: int = 0,
    start: int = 0,
) -> bytes:
    """A data packet as E1.31's tables write it, from the innermost layer out."""

    def flagged(content: bytes) -> bytes:
        return (0x7000 | len(content) + 2).to_bytes(2) + content

    count = (len(levels) + 1).to_bytes(2)
    dmp = flagged(b"\x02\xa1\x00\x00\x00\x01" + count + bytes([start]) + levels)
    frame = flagged(
        b"\x00\x00\x00\x02" + b"a desk".ljust(64, b"\0")
        + bytes([priority, 0, 0, sequence, options])
        + universe.to_bytes(2) + dmp
    )  # fmt: skip
    return b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00" + flagged(b"\x00\x00\x00\x04" + cid + frame)


class TestBytes:
    def test_art_net(self):
        assert artnet.read(art(b"\x01\x02", 0x1234, 7)) == artnet.Levels(0x1234, 7, b"\x01\x02")
        assert isinstance(artnet.read(b"Art-Net\0\x00\x20\x00\x0e\x02\x00"), artnet.Poll)
        assert artnet.read(b"Art-Net\0\x00\x20\x00\x0d\x02\x00") is None  # An old version.
        assert artnet.read(b"Art-Net\0\x00\x21\x00\x0e" + bytes(300)) is None  # Another's answer.
        assert artnet.read(art(bytes(4))[:-1]) is None

    def test_the_answer_to_a_poll(self):
        reply = artnet.poll_reply(0x1234, "10.0.0.5", "livedream", "x" * 99)
        assert len(reply) == 239
        assert struct.unpack_from("<8sH", reply) == (b"Art-Net\0", 0x2100)
        assert reply[10:16] == bytes([10, 0, 0, 5]) + (6454).to_bytes(2, "little")
        net, sub = reply[18], reply[19]
        assert net << 8 | sub << 4 | reply[190] == 0x1234  # SwOut of the first port.
        assert reply[26:44].rstrip(b"\0") == b"livedream"
        assert reply[108:172] == b"x" * 63 + b"\0"
        assert reply[172:174] == b"\0\x01"
        assert reply[174] == 0x80
        assert reply[207:211] == bytes([10, 0, 0, 5])

    def test_sacn(self):
        read = sacn.read(e131(b"\x01\x02\x03", 777, 9, priority=150))
        assert read == sacn.Levels(777, 9, b"\x01\x02\x03", b"A" * 16, "a desk", 150, False)
        ended = sacn.read(e131(b"\x01", options=0x40))
        assert ended
        assert ended.ended
        assert sacn.read(e131(b"\x01", options=0x80)) is None  # A preview is not for the stage.
        assert sacn.read(e131(b"\x01", start=0xDD)) is None  # Priorities of channels, no levels.
        assert sacn.read(e131(b"\x01", priority=201)) is None
        assert sacn.read(e131(b"\x01", universe=0)) is None
        assert sacn.read(e131(bytes(512)) + b"more")
        assert sacn.read(e131(bytes(4))[:-1]) is None
        assert sacn.group(0x1234) == "239.255.18.52"

    @pytest.mark.parametrize(("read", "good"), [(artnet.read, art), (sacn.read, e131)])
    def test_whatever_comes_is_read_or_is_none(self, read, good):
        chance = random.Random(3)
        packet = good(slots(c1=5))
        for _ in range(20_000):
            data = bytearray(packet)
            for _ in range(chance.randint(1, 4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            read(bytes(data[: chance.randint(0, len(data))]))


class TestPersonality:
    def test_the_page_is_made_from_it(self):
        assert as_markdown(ALL) in (DOCS / "dmx.md").read_text()
        assert WIDTH == 12

    def test_nothing_counts_while_the_gate_is_closed_and_all_when_it_opens(self):
        closed = bytes(WIDTH)
        assert said(closed, slots(c1=9, c12=0), ALL) == []
        opened = {each.name: each.value for each in said(closed, slots(c1=255), ALL)}
        assert opened == {"amount": 1.0, "freeze": False, "light": 1.0}

    def test_only_what_changed_is_said(self):
        assert said(slots(c1=9), slots(c1=9), ALL) == []
        assert said(slots(c1=9), slots(c1=51), ALL) == [Said("amount", 0.2)]

    def test_sixteen_bits_run_from_the_lowest_to_the_highest(self):
        for coarse, fine, value in ((0, 1, 0.0), (255, 255, 32.0)):
            (one,) = said(slots(), slots(c2=coarse, c3=fine), ALL)
            assert one == Said("step_size", pytest.approx(value))
        (half,) = said(slots(), slots(c2=128), ALL)
        assert ALL["step_size"].share(half.value) == pytest.approx(0.5, abs=1e-3)

    def test_a_knob_at_nothing_leaves_the_value(self):
        assert said(slots(c6=9, c7=9, c8=9, c2=9), slots(), ALL) == []
        assert said(slots(), slots(c7=1), ALL) == [Said("strength", 0.0)]
        assert said(slots(), slots(c8=255), ALL) == [Said("colour", 1.25)]

    def test_a_preset_comes_first_with_its_time(self):
        wanted = said(slots(), slots(c1=255, c4=7, c5=25), ALL)
        assert wanted == [Said("preset", 7, pytest.approx(2.5)), Said("amount", 1.0)]
        assert said(slots(c4=7), slots(c4=0), ALL) == []
        assert said(slots(), slots(c4=255), ALL) == [Said("preset", 99, 0.0)]

    def test_switches_turn_over_in_the_middle_and_letting_go_fires_once(self):
        assert said(slots(), slots(c9=128), ALL) == [Said("freeze", True)]
        assert said(slots(c9=128), slots(c9=127), ALL) == [Said("freeze", False)]
        assert said(slots(), slots(c11=128), ALL) == [Said("light", 0.0)]
        assert said(slots(), slots(c10=128), ALL) == [Said("reset", True)]
        assert said(slots(c10=128), slots(c10=255), ALL) == []
        assert said(slots(c10=255), slots(), ALL) == []


class TestTurns:
    def test_the_first_counts_until_it_is_silent(self):
        turns = Turns()
        assert turns.silent(0)
        assert turns.take("a", 0, 0.0)
        assert not turns.take("b", 0, SILENT)
        assert not turns.silent(SILENT)
        assert turns.take("b", 0, SILENT + 0.1)
        assert not turns.take("a", 0, SILENT + 0.2)

    def test_a_higher_priority_takes_over_and_leaves(self):
        turns = Turns()
        assert turns.take("a", 100, 0)
        assert turns.take("b", 101, 0.1)
        assert not turns.take("a", 100, 0.2)
        turns.leave()
        assert turns.silent(0.2)
        assert turns.take("a", 100, 0.3)


class TestPatch:
    def test_universe_and_address_have_defaults(self):
        assert parse_patch("artnet") == Patch("artnet", 0, 1)
        assert parse_patch("sacn") == Patch("sacn", 1, 1)
        assert parse_patch("lan:sacn:7:101") == Patch("sacn", 7, 101, "0.0.0.0")
        assert parse_patch("artnet:0:501").last == 512

    @pytest.mark.parametrize(
        "text",
        ["", "dmx", "artnet:", "artnet:32768", "sacn:0", "sacn:64000", "artnet:0:0", "artnet:0:502",
         "artnet:x", "artnet:1:1:1", "wan:artnet", "lan:"],
    )  # fmt: skip
    def test_what_is_none_is_told(self, text):
        with pytest.raises(UsageError):
            parse_patch(text)


class Stage:
    """A show that listens, and a lighting desk that sends."""

    def __init__(self, text: str) -> None:
        self.now = 0.0
        self.heard: list[str] = []
        self.desk = Desk({"a": 4, "b": 4}, {})
        self.dmx = Dmx(
            self.desk, parse_patch(text), 0, say=self.heard.append, clock=lambda: self.now
        )
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.bind(("127.0.0.1", 0))
        self.sender.settimeout(PATIENCE)

    def send(self, packet: bytes, sender: socket.socket | None = None) -> None:
        (sender or self.sender).sendto(packet, ("127.0.0.1", self.dmx.port))

    def until(self, name: str, value: object) -> None:
        until(lambda: self.desk.base[name] == value, f"{name} never was {value}")


@pytest.fixture(params=["artnet:2:11", "sacn:2:11"])
def stage(request) -> Iterator[Stage]:
    stage = Stage(request.param)
    yield stage
    stage.dmx.close()
    stage.sender.close()


def packet(stage: Stage, levels: bytes, universe: int = 2, sequence: int = 0) -> bytes:
    make = art if stage.dmx._patch.protocol == "artnet" else e131
    return make(bytes([99] * 10) + levels, universe, sequence)


def test_a_desk_plays_and_what_it_leaves_alone_is_others_to_move(stage):
    stage.send(packet(stage, slots(c1=51)))
    stage.until("amount", 0.2)
    stage.desk.set("amount", 0.7, "key")
    stage.send(packet(stage, slots(c1=51, c9=255), sequence=1))
    stage.until("freeze", True)
    assert stage.desk.base["amount"] == 0.7


def test_other_universes_and_late_packets_do_not_count(stage):
    stage.send(packet(stage, slots(c1=51), sequence=10))
    stage.until("amount", 0.2)
    stage.send(packet(stage, slots(c1=0), universe=3))
    stage.send(packet(stage, slots(c1=0), sequence=8))
    stage.send(packet(stage, slots(c1=51, c9=255), sequence=11))
    stage.until("freeze", True)
    assert stage.desk.base["amount"] == 0.2


def test_a_short_packet_leaves_the_other_channels(stage):
    stage.send(packet(stage, slots(c9=255), sequence=1))
    stage.until("freeze", True)
    stage.send(packet(stage, bytes([51, 0]), sequence=2))
    stage.until("amount", 0.2)
    assert stage.desk.base["freeze"] is True


def test_a_signal_that_is_lost_holds_the_look(stage):
    stage.send(packet(stage, slots(c1=51), sequence=200))
    stage.until("amount", 0.2)
    stage.now += SILENT + 1
    until(lambda: any("lost" in each for each in stage.heard))
    assert stage.desk.base["amount"] == 0.2
    stage.send(packet(stage, slots(c1=102), sequence=3))  # A desk that started anew.
    stage.until("amount", 0.4)


def test_a_flood_and_mangled_packets_leave_the_last_value(stage):
    chance = random.Random(5)
    stage.send(packet(stage, slots(c1=51), sequence=1))
    stage.until("amount", 0.2)
    for number in range(3000):
        data = bytearray(packet(stage, slots(c1=number % 256), sequence=2))
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        stage.send(bytes(data[: chance.randint(1, len(data))]))
    end = time.monotonic() + PATIENCE
    while stage.desk.base["amount"] != 0.8:
        assert time.monotonic() < end
        stage.now += SILENT + 1  # Whoever it was that the flood made up is gone.
        stage.send(packet(stage, slots(c1=204), sequence=chance.randrange(256)))
        time.sleep(0.01)
    assert stage.dmx._thread.is_alive()


def test_a_poll_is_answered():
    stage = Stage("artnet:5")
    try:
        stage.send(b"Art-Net\0\x00\x20\x00\x0e\x02\x00")
        reply = stage.sender.recv(1000)
        assert reply == artnet.poll_reply(
            5, "127.0.0.1", "livedream", "#0001 Art-Net universe 5, channels 1 to 12"
        )
    finally:
        stage.dmx.close()
        stage.sender.close()


def test_with_sacn_the_higher_priority_counts_and_the_other_is_named():
    stage = Stage("sacn")
    try:
        stage.send(e131(slots(c1=51)))
        stage.until("amount", 0.2)
        stage.send(e131(slots(c1=102), cid=b"B" * 16, priority=120))
        stage.until("amount", 0.4)
        for sequence in (1, 2, 3):
            stage.send(e131(slots(c1=0), sequence=sequence))
        stage.send(e131(slots(), sequence=1, cid=b"B" * 16, priority=120, options=0x40))
        stage.send(e131(slots(c1=204), sequence=4))
        stage.until("amount", 0.8)
        assert [each for each in stage.heard if "does not count" in each] == [
            "DMX from a desk (127.0.0.1) does not count: another sender was first."
        ]
    finally:
        stage.dmx.close()
        stage.sender.close()


def test_without_a_sequence_no_packet_is_late():
    stage = Stage("artnet")
    try:
        stage.send(art(slots(c1=51), sequence=5))
        stage.until("amount", 0.2)
        stage.send(art(slots(c1=102), sequence=0))
        stage.until("amount", 0.4)
        stage.send(art(slots(c1=153), sequence=3))
        stage.until("amount", 0.6)
    finally:
        stage.dmx.close()
        stage.sender.close()


@pytest.mark.parametrize(("text", "port"), [("artnet", 6454), ("sacn", 5568)])
def test_desks_send_to_the_port_of_the_protocol(text, port):
    dmx = Dmx(Desk({"a": 1}, {}), parse_patch(text))
    assert dmx.port == port
    dmx.close()


def test_an_address_of_another_machine_is_told():
    with pytest.raises(LivedreamError, match="cannot listen"):
        Dmx(Desk({"a": 1}, {}), Patch("artnet", 0, 1, "192.0.2.1"), 0)

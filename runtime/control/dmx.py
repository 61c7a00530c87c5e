"""DMX: a lighting desk plays the show, over Art-Net or sACN.

A thread of its own receives. One sender at a time counts; when it falls silent the look stays, and
another may take over. Nothing that a packet holds can stop it.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

from ..errors import LivedreamError, UsageError
from . import artnet, sacn
from .desk import Desk
from .personality import WIDTH, Said, said

Protocol = Literal["artnet", "sacn"]
SILENT = 4.0
"""Seconds after which a sender that is not heard counts as gone."""

LATE = 20
"""Of the 256 sequence numbers: fewer behind the last is late, more a sender that starts anew."""

BATCH = 500
"""Packets that are read before they take effect."""

FORM = "artnet or sacn, then :UNIVERSE and :ADDRESS where wanted; lan: before it for the network"


@dataclass(frozen=True)
class Patch:
    """What is listened to. universe: as the desk counts; address: of the first channel, 1..512."""

    protocol: Protocol
    universe: int
    address: int = 1
    host: str = "127.0.0.1"

    def __str__(self) -> str:
        name = "Art-Net" if self.protocol == "artnet" else "sACN"
        return f"{name} universe {self.universe}, channels {self.address} to {self.last}"

    @property
    def last(self) -> int:
        return self.address + WIDTH - 1


def parse_patch(text: str) -> Patch:
    """`[lan:]artnet|sacn[:UNIVERSE[:ADDRESS]]`. Raises UsageError for anything else."""
    match = re.fullmatch(r"(lan:)?(artnet|sacn)(?::(\d{1,5}))?(?::(\d{1,3}))?", text, re.ASCII)
    if not match:
        raise UsageError(f"'{text}' is no DMX input; write {FORM}.")
    lan, name, number, first = match.groups()
    protocol: Protocol = "artnet" if name == "artnet" else "sacn"
    low, high = (0, artnet.LARGEST) if protocol == "artnet" else (1, sacn.LARGEST)
    universe, address = int(number or low), int(first or 1)
    if not low <= universe <= high:
        raise UsageError(f"{name} has universes {low} to {high}, and no {universe}.")
    if not 1 <= address <= 513 - WIDTH:
        raise UsageError(f"The first of {WIDTH} channels is 1 to {513 - WIDTH}, not {address}.")
    return Patch(protocol, universe, address, "0.0.0.0" if lan else "127.0.0.1")


@dataclass
class Turns:
    """Whose turn it is: the one with the highest priority, of those the first, until it is silent.

    Pure, with the time given in seconds.
    """

    sender: Hashable = None
    priority: int = -1
    heard: float = 0.0

    def take(self, sender: Hashable, priority: int, now: float) -> bool:
        """Whether what `sender` says now counts."""
        free = self.silent(now) or priority > self.priority
        if sender != self.sender and not free:
            return False
        self.sender, self.priority, self.heard = sender, priority, now
        return True

    def silent(self, now: float) -> bool:
        """Whether nobody is heard."""
        return self.sender is None or now - self.heard > SILENT

    def leave(self) -> None:
        """The sender says that it stops."""
        self.sender, self.priority = None, -1


class Dmx:
    """Listens as `patch` says until `close`. port: the protocol's own, or 0 for any free one.

    say: hears who is listened to, who is not, and when the signal is lost. Raises LivedreamError
    where the port is taken.
    """

    def __init__(
        self,
        desk: Desk,
        patch: Patch,
        port: int | None = None,
        *,
        say: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk, self._patch, self._say, self._clock = desk, patch, say, clock
        self._socket = _listening(patch, port)
        self._slots = bytes(WIDTH)
        self._turns = Turns()
        self._sequence: int | None = None
        self._holding = True
        self._told: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dmx", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def close(self) -> None:
        """May be called twice."""
        self._closing.set()
        self._thread.join(1.0)
        self._socket.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            ready, _, _ = select.select([self._socket], [], [], 0.25)
            if ready:
                self._receive()
            if not self._holding and self._turns.silent(self._clock()):
                self._holding, self._sequence = True, None
                self._say("The DMX signal is lost; the look is held.")

    def _receive(self) -> None:
        """Everything that waits, then the newest of it takes effect."""
        wanted: dict[str, Said] = {}
        for _ in range(BATCH):
            try:
                data, sender = self._socket.recvfrom(2048)
            except BlockingIOError:
                break
            except OSError:
                continue  # An answer that could not be delivered is told here.
            levels = self._levels(data, sender)
            if levels is None:
                continue
            for each in said(self._slots, levels, self._desk.parameters):
                wanted.pop(each.name, None)
                wanted[each.name] = each
            self._slots = levels
        for each in wanted.values():
            try:
                self._desk.set(each.name, each.value, "dmx", each.seconds)
            except UsageError as error:
                self._tell_once(str(error))

    def _levels(self, data: bytes, sender: tuple[str, int]) -> bytes | None:
        """The slots of the personality, where a packet says them and its sender counts."""
        patch, now = self._patch, self._clock()
        mark: Hashable = sender[0]
        name, priority = sender[0], 0
        if patch.protocol == "artnet":
            packet = artnet.read(data)
            if isinstance(packet, artnet.Poll):
                self._answer(sender)
                return None
        else:
            packet = sacn.read(data)
            if packet:
                mark, priority = packet.sender, packet.priority
                name = f"{packet.name} ({sender[0]})" if packet.name else name
        if packet is None or packet.universe != patch.universe:
            return None
        slots = packet.slots[patch.address - 1 : patch.last]
        before = self._turns.sender
        if not self._turns.take(mark, priority, now):
            self._tell_once(f"DMX from {name} does not count: another sender was first.")
            return None
        if isinstance(packet, sacn.Levels) and packet.ended:
            self._turns.leave()
            return None
        if before != mark or self._holding:
            self._sequence, self._holding = None, False
            self._say(f"DMX from {name}: {patch}")
        if self._late(packet.sequence):
            return None
        # A desk may send fewer channels than there are: what it leaves out stays.
        return slots + self._slots[len(slots) :]

    def _late(self, sequence: int) -> bool:
        last, counts = self._sequence, sequence or self._patch.protocol == "sacn"
        if counts and last is not None and 0 < (last - sequence) % 256 < LATE:
            return True
        self._sequence = sequence if counts else None
        return False

    def _answer(self, sender: tuple[str, int]) -> None:
        host = self._patch.host if self._patch.host != "0.0.0.0" else _towards(sender[0])
        reply = artnet.poll_reply(self._patch.universe, host, "livedream", f"#0001 {self._patch}")
        for port in {sender[1], artnet.PORT}:
            try:
                self._socket.sendto(reply, (sender[0], port))
            except OSError:
                return  # It asks again.

    def _tell_once(self, text: str) -> None:
        if text not in self._told and len(self._told) < 100:
            self._told.add(text)
            self._say(text)


def _listening(patch: Patch, port: int | None) -> socket.socket:
    own = artnet.PORT if patch.protocol == "artnet" else sacn.PORT
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if patch.protocol == "sacn" and patch.host == "0.0.0.0":
            member = socket.inet_aton(sacn.group(patch.universe)) + socket.inet_aton("0.0.0.0")
            listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        listening.bind((patch.host, own if port is None else port))
    except OSError as error:
        listening.close()
        raise LivedreamError(
            f"DMX cannot listen on {patch.host}:{own if port is None else port} "
            f"({error.strerror}); another program may have it, or there is no network."
        ) from error
    listening.setblocking(False)
    return listening


def _towards(host: str) -> str:
    """This machine's address as `host` sees it. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, artnet.PORT))
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]

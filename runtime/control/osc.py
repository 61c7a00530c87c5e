"""OSC: any controller that speaks it plays the desk, and hears what others do.

One thread of its own receives and answers. Nothing that a packet holds can stop it: time tags are
ignored (a sender's clock may be off), patterns are not matched, what cannot be read is told once.
Of a flood the newest of each address counts, and reading it takes a small part of a processor.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from ..declared import Value
from ..errors import LivedreamError, UsageError
from .addresses import NORM, PREFIX, REFRESH, Ask, Move, Nudge, answers, is_known, understood
from .desk import Desk
from .listening import PORT

TICK = 1 / 30
"""Seconds between two rounds of feedback."""

QUIET = 0.3
"""Seconds in which who moved a parameter does not hear of it, or faders would fight; then it hears
what the value came to."""

FORGOTTEN = 3600.0
"""Seconds after which feedback to a sender that was not heard again ends."""

LISTENERS = 32
"""Senders that get feedback; the longest silent one makes room."""

STRANGE = 100
"""Addresses that there are not and that are told, and sentences that are said, at most: what is
nearest to one takes a millisecond to find, and a flood of them must not hold up the picture."""

BATCH = 2000
"""Packets that are taken in before they take effect, and that wait at most."""

BUDGET, HEAVY = 150, 64
"""Packets that are understood in a TICK, one more for each HEAVY bytes of them. What is beyond that
waits, and there something newer of the same address takes its place."""

BURST, REST = 16, 0.004
"""After more than BURST packets at once the thread rests for so many seconds: the more come, the
fewer are understood."""

BUNDLE = b"#bundle"

NUMBERS = (b",f", b",i", b",d", b",h", b",T", b",F")
"""Beginnings of the types of a message that does nothing but tell a number."""

Address = tuple[str, int]


class Osc:
    """Listens on `host`:`port` until `close`. port 0 is any free one; see `address`.

    targets: (host, port) that get feedback beside those who speak; whoever speaks from the host of
    one is answered there too. say: hears, once each, what could not be understood. Raises
    LivedreamError where the port is taken, a target is not found or python-osc is missing.
    """

    def __init__(
        self,
        desk: Desk,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        targets: Iterable[Address] = (),
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._read, self._write = codec()
        self._desk, self._say = desk, say
        self._targets = tuple(_found(*each) for each in targets)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise LivedreamError(
                f"OSC cannot listen on {host}:{port} ({error.strerror}); another program, or a "
                "second livedream, may have it: name another port."
            ) from error
        self._socket.setblocking(False)
        self._heard: dict[Address, float] = {}
        self._moved: dict[tuple[str, Address], float] = {}
        self._changed: dict[str, None] = {}
        self._pending: dict[tuple[str, Address], None] = {}
        self._told: set[str] = set()
        self._strange: set[bytes] = set()
        self._waiting: dict[object, tuple[bytes, Address]] = {}
        """Packets that did not take effect yet, oldest first, with their senders."""
        self._count, self._left = 0, BUDGET
        held = [each.name for each in desk.parameters.values() if each.kind != "trigger"]
        self._values, self._known = _heads(held), {REFRESH.encode(), *_heads(desk.parameters)}
        self._closing = threading.Event()
        self._forget = desk.observe(self._note)
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._thread.start()

    @property
    def address(self) -> Address:
        """(host, port) that is listened on."""
        return self._socket.getsockname()

    def close(self) -> None:
        """May be called twice."""
        self._forget()
        self._closing.set()
        self._thread.join(1.0)
        self._socket.close()

    def _note(self, name: str, value: Value, source: str) -> None:
        self._changed[name] = None

    def _run(self) -> None:
        due = time.monotonic()
        while not self._closing.is_set():
            now = time.monotonic()
            ready, _, _ = select.select([self._socket], [], [], max(0.0, due - now))
            many = ready and self._receive() > BURST
            self._understand()
            now = time.monotonic()
            if now >= due:
                self._left = min(BUDGET, self._left + BUDGET)
                self._feed_back(now)
                due = now + TICK
            if many:
                self._closing.wait(REST)

    def _receive(self) -> int:
        """Take in what came, newest last; returns how many packets that were."""
        senders: dict[Address, None] = {}
        count, waiting = 0, self._waiting
        room = self._left - len(waiting)
        for count in range(BATCH):  # noqa: B007 - used after the loop
            try:
                data, sender = self._socket.recvfrom(65535)
            except BlockingIOError:
                break
            except OSError:
                continue  # An earlier answer that could not be delivered is told here.
            senders[sender] = None
            head = data[: data.find(b"\0")]
            if not (head in self._known or head == BUNDLE or self._is_first(head)):
                continue
            types = (len(head) + 4) & ~3
            key: object = head, sender
            # Steps add up and questions are answered; of values the newest counts.
            if room > 0 and not (head in self._values and data[types : types + 2] in NUMBERS):
                room -= 1 + len(data) // HEAVY
                self._count += 1
                key = self._count
            waiting.pop(key, None)
            waiting[key] = data, sender
            if len(waiting) > BATCH:
                del waiting[next(iter(waiting))]
        for sender in senders:
            self._hear(sender)
        return count

    def _understand(self) -> None:
        """Have the oldest that waits take effect, as far as the budget reaches."""
        waiting = self._waiting
        while waiting and self._left > 0:
            data, sender = waiting.pop(next(iter(waiting)))
            self._left -= 1 + len(data) // HEAVY
            for address, arguments in self._messages(data):
                try:
                    meant = understood(address, arguments, self._desk.parameters)
                except UsageError as error:
                    self._tell_once(str(error))
                else:
                    self._do(meant, sender)

    def _is_first(self, head: bytes) -> bool:
        """Whether an address that there is not may be looked at: the first ones may, once."""
        if head in self._strange or len(self._strange) >= STRANGE:
            return False
        self._strange.add(head)
        return True

    def _messages(self, data: bytes) -> Iterable[tuple[str, list[object]]]:
        try:
            found = [(each.message.address, each.message.params) for each in self._read(data)]
        except Exception as error:  # noqa: BLE001 - the codec lets many kinds out; told once
            self._tell_once(f"An OSC packet cannot be read ({type(error).__name__}).")
            return []
        if data.startswith(BUNDLE):
            parameters = self._desk.parameters
            return [
                each
                for each in found
                if is_known(each[0], parameters) or self._is_first(each[0].encode())
            ]
        return found

    def _do(self, meant: Move | Nudge | Ask, sender: Address) -> None:
        desk, source = self._desk, f"osc {sender[0]}:{sender[1]}"
        try:
            match meant:
                case Ask(names):
                    for name in names:
                        for each in self._ears(sender):
                            self._send(name, desk.base[name], each)
                case Move(name, value, seconds):
                    self._mark(name, sender)
                    desk.set(name, value, source, seconds)
                case Nudge(name, steps):
                    self._mark(name, sender)
                    desk.nudge(name, steps, source)
        except UsageError as error:
            self._tell_once(str(error))

    def _ears(self, sender: Address) -> list[Address]:
        """Where who speaks from `sender` hears: there, and as a target where that is one."""
        return [sender, *(each for each in self._targets if each[0] == sender[0])]

    def _mark(self, name: str, sender: Address) -> None:
        now = time.monotonic()
        for each in self._ears(sender):
            self._moved[name, each] = now

    def _hear(self, sender: Address) -> None:
        self._heard.pop(sender, None)
        self._heard[sender] = time.monotonic()
        if len(self._heard) > LISTENERS:
            del self._heard[next(iter(self._heard))]

    def _feed_back(self, now: float) -> None:
        """Tell every listener what changed since the last round, who just moved it later."""
        for sender, heard in list(self._heard.items()):
            if now - heard > FORGOTTEN:
                del self._heard[sender]
        self._moved = {key: at for key, at in self._moved.items() if now - at < QUIET}
        listeners = dict.fromkeys((*self._targets, *self._heard))
        for name in list(self._changed):
            del self._changed[name]
            self._pending |= {(name, listener): None for listener in listeners}
        base, waiting = self._desk.base, self._pending
        self._pending = {each: None for each in waiting if each in self._moved}
        for name, listener in waiting:
            if (name, listener) not in self._moved and name in base:
                self._send(name, base[name], listener)

    def _send(self, name: str, value: Value, to: Address) -> None:
        parameter = self._desk.parameters[name]
        if parameter.kind == "trigger":
            return
        for address, content in answers(parameter, value):
            try:
                self._socket.sendto(self._write(address, content), to)
            except OSError:
                return  # Gone, or its buffer is full: it asks again when it is back.

    def _tell_once(self, text: str) -> None:
        if text not in self._told and len(self._told) < STRANGE:
            self._told.add(text)
            self._say(text)


def _found(host: str, port: int) -> Address:
    """With the host as a number. Raises LivedreamError where there is none of that name."""
    try:
        return socket.gethostbyname(host), port
    except OSError as error:
        raise LivedreamError(f"There is no host '{host}' to tell by OSC what changes.") from error


def _heads(names: Iterable[str]) -> set[bytes]:
    """Their addresses, as packets begin with them."""
    return {f"{PREFIX}{name}{end}".encode() for name in names for end in ("", NORM)}


def codec() -> tuple[Callable[[bytes], Any], Callable[[str, Any], bytes]]:
    """What reads a packet into timed messages, and what writes one message. Raises LivedreamError
    where python-osc is missing."""
    try:
        from pythonosc.osc_message_builder import OscMessageBuilder
        from pythonosc.osc_packet import OscPacket
    except ModuleNotFoundError as error:
        raise LivedreamError('OSC needs python-osc: `pip install "livedream[osc]"`.') from error
    # The codec warns of every type that it does not know, once a packet.
    logging.getLogger().addFilter(_not_of_the_codec)

    def write(address: str, content: Any) -> bytes:
        builder = OscMessageBuilder(address)
        builder.add_arg(content)
        return builder.build().dgram

    return lambda data: OscPacket(data).messages, write


def _not_of_the_codec(record: logging.LogRecord) -> bool:
    return "pythonosc" not in record.pathname

"""A controller on the network that speaks to a show and hears it."""

from __future__ import annotations

import socket
from contextlib import suppress
from types import TracebackType

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from ...patience import until


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """One of this machine that nobody had just now, of TCP or, with SOCK_DGRAM, of UDP."""
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Remote:
    """port: of the show, on this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(1)

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def say(self, name: str, *values: object) -> None:
        made = OscMessageBuilder(f"/livedream/{name}")
        for value in values:
            made.add_arg(value)
        self._socket.send(made.build().dgram)

    def hears(self, name: str, value: object) -> None:
        """Asks for the value of `name` until it is `value`."""
        until(lambda: self._answer(name) == [value], f"{name} never was {value}")

    def _answer(self, name: str) -> list[object] | None:
        self.say(name, "?")
        with suppress(TimeoutError):
            while True:
                (packet,) = OscPacket(self._socket.recv(65535)).messages
                if packet.message.address == f"/livedream/{name}":
                    return list(packet.message.params)
        return None

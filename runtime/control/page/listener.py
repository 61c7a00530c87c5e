"""Another program that listens to OSC addresses, by OSCQuery's LISTEN; it can move nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..addresses import PREFIX, answers
from ..desk import Desk
from .talking import Talking

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

TICK = 1 / 30
"""Seconds at least between two rounds of changes."""


class Listener(Talking):
    """Hears LISTEN and IGNORE. packet: makes an OSC packet of address and value."""

    thread = "page-listener"

    def __init__(
        self, desk: Desk, connection: ServerConnection, packet: Callable[[str, Any], bytes]
    ) -> None:
        super().__init__(connection)
        self._desk, self._packet = desk, packet
        self._addresses: frozenset[str] = frozenset()

    def _hear(self, message: str | bytes) -> None:
        try:
            content = json.loads(message)
        except (ValueError, RecursionError):
            return
        match content:
            case {"COMMAND": "LISTEN", "DATA": str(address)} if self._there(address):
                self._addresses |= {address}
            case {"COMMAND": "IGNORE", "DATA": str(address)}:
                self._addresses -= {address}

    def _there(self, address: str) -> bool:
        name = address.removeprefix(PREFIX).partition("/")[0]
        return address.startswith(PREFIX) and name in self._desk.parameters

    def _tell(self) -> None:
        while not self._gone.is_set():
            self._news.wait()
            self._news.clear()
            base = self._desk.base
            for name in list(self._changes):
                del self._changes[name]
                if name not in base:
                    continue
                for address, content in answers(self._desk.parameters[name], base[name]):
                    if address in self._addresses:
                        self._connection.send(self._packet(address, content))
            self._gone.wait(TICK)

"""Another program that listens to OSC addresses, by OSCQuery's LISTEN; it can move nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..addresses import PREFIX, answers
from ..desk import Desk

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

TICK = 1 / 30
"""Seconds at least between two rounds of changes."""

GOING_AWAY = 1001


class Listener:
    """Speaks over `connection` until it ends. write: makes an OSC packet of address and value."""

    def __init__(
        self, desk: Desk, connection: ServerConnection, write: Callable[[str, Any], bytes]
    ) -> None:
        self._desk, self._connection, self._write = desk, connection, write
        self._addresses: frozenset[str] = frozenset()
        self._changes: dict[str, None] = {}
        self._news = threading.Event()
        self._gone = threading.Event()

    def changed(self, name: str) -> None:
        """Tell of it soon. From any thread."""
        self._changes[name] = None
        self._news.set()

    def stay(self) -> None:
        """Returns when the connection ends."""
        writer = threading.Thread(target=self._tell, name="page-listener", daemon=True)
        writer.start()
        try:
            for message in self._connection:
                self._hear(message)
        except Exception:  # noqa: BLE001 - a connection ends in many ways, and that is all it does
            pass
        finally:
            self.end()
            writer.join()

    def end(self) -> None:
        """Say goodbye. From any thread; does not wait."""
        self._gone.set()
        self._news.set()

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
        with suppress(Exception):  # As in `stay`.
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
                            self._connection.send(self._write(address, content))
                self._gone.wait(TICK)
        self._connection.close(GOING_AWAY)

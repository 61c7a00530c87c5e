"""What everybody who is connected to the page has in common: one thread reads, one writes."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

GOING_AWAY = 1001
"""What a server says that ends, by the protocol."""


class Talking(ABC):
    """Speaks over `connection` until it ends. thread: the writing one's name."""

    thread: str

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._changes: dict[str, None] = {}
        self._news = threading.Event()
        self._gone = threading.Event()

    def changed(self, name: str) -> None:
        """Tell of it soon. From any thread."""
        self._changes[name] = None
        self._news.set()

    def stay(self) -> None:
        """Returns when the connection ends."""
        writer = threading.Thread(target=self._write, name=self.thread, daemon=True)
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

    def _write(self) -> None:
        with suppress(Exception):  # As in `stay`.
            self._tell()
        self._connection.close(GOING_AWAY)

    @abstractmethod
    def _hear(self, message: str | bytes) -> None:
        """Take in a message."""

    @abstractmethod
    def _tell(self) -> None:
        """Write what is new, until `_gone` is set."""

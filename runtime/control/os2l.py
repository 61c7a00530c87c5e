"""OS2L: VirtualDJ and others say every beat, as JSON over TCP.

A thread of its own serves them. What is no beat is left alone, and who sends what cannot be read is
put out.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import LivedreamError
from .conductor import Conductor
from .tempo import FASTEST, SLOWEST, Tempo

CLIENTS = 8
"""Programs at once; more are turned away."""

LONGEST = 4096
"""Bytes of what is not yet a whole message."""

SLIP = 0.25
"""Beats by which one may come too early or late before it counts as another place."""

GAIN = 0.25
"""Of that, what is believed: the network brings them a few milliseconds late, now and then."""


@dataclass(frozen=True)
class Beat:
    """One was just played. number: of the music; 0 begins a bar. leaps: the music jumped."""

    bpm: float
    number: int | None
    leaps: bool


def taken_apart(text: str) -> tuple[list[object], str]:
    """The whole messages in `text`, with or without blanks between them, and the rest. Raises
    ValueError for what no message begins with."""
    found: list[object] = []
    reader = json.JSONDecoder()
    text = text.lstrip()
    while text:
        if text[0] != "{":
            raise ValueError("a message begins with {")
        try:
            content, end = reader.raw_decode(text)
        except json.JSONDecodeError:
            break
        found.append(content)
        text = text[end:].lstrip()
    return found, text


def beat_of(content: object) -> Beat | None:
    """What a message says of the beat; None for another one, or a tempo that no music has."""
    said: dict[str, Any] = content if isinstance(content, dict) else {}
    bpm, number = said.get("bpm"), said.get("pos")
    if said.get("evt") != "beat" or isinstance(bpm, bool) or not isinstance(bpm, int | float):
        return None
    if not SLOWEST <= bpm <= FASTEST:
        return None
    whole = isinstance(number, int) and not isinstance(number, bool) and abs(number) < 1 << 31
    return Beat(float(bpm), number if whole else None, said.get("change") is True)


def followed(tempo: Tempo | None, beat: Beat, now: float) -> Tempo:
    """`tempo`, that of the beats until now, after one that came at `now`, seconds."""
    if tempo is None:
        return Tempo(beat.bpm, now, float(beat.number or 0))
    passed = tempo.beats(now)
    number = float(round(passed) if beat.number is None else beat.number)
    late = passed - number
    if beat.leaps or abs(late) > SLIP:
        return Tempo(beat.bpm, now, number)
    return Tempo(beat.bpm, now, number + late * (1 - GAIN))


@dataclass
class _Client:
    """A program that is there. rest: what is not yet a whole message."""

    name: str
    rest: str = ""
    tempo: Tempo | None = None


class Os2l:
    """Serves on `host`:`port` until `close`. port 0 is any free one; see `address`.

    conductor: hears the beat. say: hears who comes and goes. Raises LivedreamError where the port
    is taken.
    """

    def __init__(
        self,
        conductor: Conductor,
        host: str,
        port: int,
        *,
        say: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conductor, self._say, self._clock = conductor, say, clock
        try:
            self._server = socket.create_server((host, port))
        except OSError as error:
            raise LivedreamError(
                f"OS2L cannot listen on {host}:{port} ({error.strerror}); another program, such as "
                "QLC+, may have it: name another port."
            ) from error
        self._server.setblocking(False)
        self._clients: dict[socket.socket, _Client] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="os2l", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) that is served on."""
        return self._server.getsockname()

    def close(self) -> None:
        """May be called twice."""
        self._closing.set()
        self._thread.join(1.0)
        for client in [*self._clients]:
            self._leave(client)
        self._server.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            for key, _ in self._selector.select(0.25):
                if key.fileobj is self._server:
                    self._come()
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj)

    def _come(self) -> None:
        try:
            client, address = self._server.accept()
        except OSError:
            return  # It went before it was let in.
        if len(self._clients) >= CLIENTS:
            client.close()
            return
        client.setblocking(False)
        self._clients[client] = _Client("OS2L from {}:{}".format(*address))
        self._selector.register(client, selectors.EVENT_READ)
        self._say(f"{self._clients[client].name}")

    def _hear(self, connection: socket.socket) -> None:
        client, now = self._clients[connection], self._clock()
        try:
            data = connection.recv(LONGEST)
        except OSError:
            data = b""
        if not data:
            self._leave(connection)
            self._say(f"{client.name} has gone")
            return
        # A character may come in two parts.
        data = client.rest.encode(errors="surrogateescape") + data
        try:
            messages, client.rest = taken_apart(data.decode(errors="surrogateescape"))
        except (ValueError, RecursionError):  # No message; a number too long, lists too deep.
            messages, client.rest = [], "?" * LONGEST
        if len(client.rest) >= LONGEST:
            self._leave(connection)
            self._say(f"{client.name} says something else, and is put out")
            return
        for beat in filter(None, map(beat_of, messages)):
            client.tempo = followed(client.tempo, beat, now)
            self._conductor.lead(client.name, client.tempo)

    def _leave(self, connection: socket.socket) -> None:
        del self._clients[connection]
        self._selector.unregister(connection)
        connection.close()

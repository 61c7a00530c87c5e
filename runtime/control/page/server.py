"""The page's server: one port for the page itself and for the sockets of those who have it open.

Runs in threads of its own: one that lets people in, two for each who is in. None of them touches
the show: they say values to the desk, and read it.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Container, Mapping
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...declared import Value
from ...errors import LivedreamError
from ..desk import Desk
from ..osc import PORT, codec
from ..oscquery import ATTRIBUTES, host_info, node
from .access import (
    SOCKET,
    Level,
    Refused,
    Request,
    check_listener,
    check_socket,
    door,
    host_of,
    level_of,
    swapped,
)
from .gallery import Cards, Presets, Thumbnail
from .listener import Listener
from .messages import LARGEST
from .preview import Newest, Preview
from .visitor import Visitor

if TYPE_CHECKING:
    from websockets.http11 import Request as HttpRequest
    from websockets.http11 import Response
    from websockets.sync.server import ServerConnection

MOST = 24
"""Connections at a time; each costs threads."""

HANDSHAKE = 5.0
"""Seconds that a browser has to say what it wants."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src {script}; style-src 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self' ws://{host}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Status = Callable[[], Mapping[str, Any]]
"""What the show tells of itself, by name, as JSON can hold it."""


class Page:
    """Listens on `host`:`port` until `close`. port 0 is any free one; see `address`.

    newest: the picture that is shown. status: what is told beside the values, twice a second.
    presets: those that can be recalled. thumbnail: their pictures. learns: whether a controller is
    there to be taught. idle: names of parameters that move nothing in this show. osc: (host, port)
    where OSC is listened for: other programs may ask for its addresses, on the network where OSC
    itself is open to it.
    Raises LivedreamError where the port is taken or websockets is missing.
    """

    def __init__(
        self,
        desk: Desk,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        newest: Newest = lambda: None,
        status: Status = dict,
        presets: Presets = dict,
        thumbnail: Thumbnail = lambda number: None,
        osc: tuple[str, int] | None = None,
        learns: bool = False,
        idle: Container[str] = (),
    ) -> None:
        serve, self._response = _library()
        self._desk, self._status, self._preview = desk, status, Preview(newest)
        self._cards = Cards(desk, presets, newest, lambda: status().get("layer"), thumbnail)
        self._html = files(__spec__.parent).joinpath("page.html").read_bytes()
        self._script = _fingerprint(self._html)
        self._lock = threading.Lock()
        self._learns, self._idle = learns, idle
        self._visitors: dict[Visitor | Listener, None] = {}
        self._closing = False
        listening = _listening(host, port)
        self._door = door(*listening.getsockname())
        if osc and self._door.tokens and ipaddress.ip_address(osc[0]).is_loopback:
            osc = None
        self._osc = osc
        # A browser that goes away in the middle of a word is no news.
        logger = logging.Logger("page", logging.CRITICAL + 1)
        self._server = serve(
            self._visited, sock=listening, process_request=self._asked, compression=None,
            max_size=LARGEST, open_timeout=HANDSHAKE, close_timeout=1.0, server_header=None,
            logger=logger,
        )  # fmt: skip
        self._server.handler = _at_most(MOST, self._server.handler)
        self._forget = desk.observe(self._note)
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    @property
    def open_to_others(self) -> bool:
        """Whether other machines can reach it, and need a token."""
        return bool(self._door.tokens)

    @property
    def port(self) -> int:
        return self._door.port

    def address(self, level: Level = "control") -> str:
        """What to open in a browser; whoever has it may come in at `level`."""
        return self._door.address(level)

    def close(self) -> None:
        """Those who are in are told that it ends. May be called twice."""
        self._forget()
        # A phone that sleeps does not answer; the program does not wait for it.
        ending = threading.Thread(target=self._server.shutdown, name="page-end", daemon=True)
        ending.start()
        with self._lock:
            self._closing, visitors = True, tuple(self._visitors)
        for visitor in visitors:
            visitor.end()
        ending.join(2.0)
        self._thread.join(1.0)

    def _note(self, name: str, value: Value, source: str) -> None:
        with self._lock:
            visitors = tuple(self._visitors)
        for visitor in visitors:
            visitor.changed(name)

    def _asked(self, connection: ServerConnection, asked: HttpRequest) -> Response | None:
        """The answer to a request; None lets a socket open."""
        try:
            return self._answer(_request(asked), _local(connection))
        except Refused as refused:
            return self._plain(refused.status, f"{refused}\n")

    def _answer(self, request: Request, local: str) -> Response | None:
        host = host_of(request, self._door, local)
        if request.method != "GET":
            raise Refused(405, "Nothing is changed by a request.")
        path, query = urlsplit(request.path)[2:4]
        card = re.fullmatch(r"/preset/(\d{1,3})", path, re.ASCII)
        if card:
            level_of(request, self._door)
            return self._picture(int(card[1]))
        if self._osc and path != SOCKET and "text/html" not in request.accepts:
            return self._described(request, path, query, host)
        if path == SOCKET:
            check_socket(request, host)
            level_of(request, self._door)
            return None
        if path != "/":
            raise Refused(404, "There is nothing here.")
        cookie = swapped(request, self._door)
        if cookie:
            return self._plain(303, "", {"Location": "/", "Set-Cookie": cookie})
        level_of(request, self._door)
        return self._respond(
            200,
            self._html,
            {
                "Content-Type": "text/html; charset=utf-8",
                **{
                    name: each.format(host=host, script=self._script)
                    for name, each in HEADERS.items()
                },
            },
        )

    def _described(self, request: Request, path: str, query: str, host: str) -> Response | None:
        """The answer to a program that asks for OSC addresses; None lets it listen."""
        assert self._osc
        if request.opens:
            check_listener(request, host)
            return None
        if query == "HOST_INFO":
            return self._json(host_info("livedream", host.partition(":")[0], self._osc[1]))
        found = node(path, self._desk.parameters, self._desk.base)
        if found is None:
            raise Refused(404, "There is no such OSC address.")
        if not query:
            return self._json(found)
        if query not in ATTRIBUTES:
            raise Refused(400, "There is no such attribute.")
        if query not in found:
            return self._respond(204, b"", {})
        return self._json({query: found[query]})

    def _json(self, content: Mapping[str, Any]) -> Response:
        kind = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        return self._respond(200, json.dumps(content).encode(), kind)

    def _picture(self, number: int) -> Response:
        picture = self._cards.picture(number)
        if picture is None:
            raise Refused(404, "This preset has no picture yet.")
        return self._respond(
            200, picture, {"Content-Type": "image/jpeg", "Cache-Control": "private"}
        )

    def _visited(self, connection: ServerConnection) -> None:
        asked = connection.request
        assert asked is not None
        request = _request(asked)
        if urlsplit(request.path).path != SOCKET:
            self._stays(Listener(self._desk, connection, codec()[1]))
            return
        source = "page {}:{}".format(*connection.remote_address[:2])
        visitor = Visitor(
            self._desk, connection, level_of(request, self._door), self._preview,
            self._cards, self._status, self._learns, self._idle, source,
        )  # fmt: skip
        self._stays(visitor)

    def _stays(self, visitor: Visitor | Listener) -> None:
        with self._lock:
            if self._closing:
                return
            self._visitors[visitor] = None
        try:
            visitor.stay()
        finally:
            with self._lock:
                del self._visitors[visitor]

    def _plain(self, status: int, text: str, more: Mapping[str, str] | None = None) -> Response:
        kind = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
        return self._respond(status, text.encode(), {**kind, **(more or {})})

    def _respond(self, status: int, body: bytes, headers: Mapping[str, str]) -> Response:
        return self._response(HTTPStatus(status), body, headers)


def _at_most(
    count: int, handler: Callable[[socket.socket, Any], None]
) -> Callable[[socket.socket, Any], None]:
    """`handler` for so many connections at a time; further ones are closed."""
    free = threading.Semaphore(count)

    def limited(connection: socket.socket, address: Any) -> None:
        if not free.acquire(blocking=False):
            connection.close()
            return
        try:
            handler(connection, address)
        finally:
            free.release()

    return limited


def _request(asked: HttpRequest) -> Request:
    headers = asked.headers
    return Request(
        asked.path,
        getattr(asked, "method", "GET"),  # Older versions refuse others themselves.
        ",".join(headers.get_all("Accept")),
        "websocket" in ",".join(headers.get_all("Upgrade")).lower(),
        headers.get_all("Host"),
        headers.get_all("Origin"),
        headers.get_all("Cookie"),
    )


def _fingerprint(html: bytes) -> str:
    """The page's own script, and no other, may run: as a source of Content-Security-Policy."""
    script = html.partition(b"<script>")[2].partition(b"</script>")[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"


def _local(connection: ServerConnection) -> str:
    return connection.local_address[0]


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise LivedreamError(
            f"The page cannot listen on {host}:{port} ({error.strerror}); another program, or a "
            "second livedream, may have it: name another port."
        ) from error
    return listening


def _library() -> tuple[Callable[..., Any], Callable[..., Response]]:
    """What serves, and what makes an answer of (status, body, headers)."""
    try:
        from websockets.datastructures import Headers
        from websockets.http11 import Response
        from websockets.sync.server import serve
    except ModuleNotFoundError as error:
        raise LivedreamError(
            'The page needs websockets: `pip install "livedream[page]"`.'
        ) from error

    def response(status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> Response:
        length = {"Content-Length": str(len(body)), "Connection": "close"}
        return Response(status.value, status.phrase, Headers({**headers, **length}), body)

    return serve, response

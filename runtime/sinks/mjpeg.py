"""The picture for every browser and player: JPEGs over HTTP, the newest one for each who looks."""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

from ..errors import LivedreamError
from .sink import Sink

PORT = 8090
QUALITY = 85
"""Of the JPEGs, 1..100."""

VIEWERS = 16
"""Who may look at once; more are sent away."""

QUIET = 10.0
"""Seconds after which one who does not read is left."""

BACKLOG = 128 * 1024
"""Bytes that the system may hold for one who reads slowly: about one picture, or old ones queue."""

BOUNDARY = "frame"
BORDER = f"--{BOUNDARY}\r\n".encode()
PAGE = b"""<!doctype html><title>livedream</title>
<style>html,body{margin:0;height:100%;background:#000}
img{width:100%;height:100%;object-fit:contain}</style>
<img src="/stream.mjpg" alt="The dream">
"""


class Mjpeg(Sink):
    """Listens on `host` and `port` (0: any that is free). `/stream.mjpg` is the picture for players
    and OBS, `/frame.jpg` the newest one alone, `/` a page that fills a browser with it."""

    name = "mjpeg"

    def __init__(self, host: str = "127.0.0.1", port: int = PORT) -> None:
        self._host, self._port = host, port
        self._server: _Server | None = None

    def open(self, size: tuple[int, int], rate: float) -> str:
        try:
            self._server = _Server((self._host, self._port), _Viewer)
        except OSError as error:
            raise LivedreamError(
                f"Port {self._port} cannot be listened on ({error.strerror}); name another one, "
                "as in --out mjpeg:8091."
            ) from error
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return f"http://{_reachable(self._host)}:{self.port}/"

    @property
    def port(self) -> int:
        """The one that is listened on; `open` must have been called."""
        assert self._server
        return self._server.server_address[1]

    def send(self, image: np.ndarray, time: float) -> None:
        assert self._server
        self._server.newest.put(image)

    def close(self) -> None:
        server, self._server = self._server, None
        if server:
            server.newest.close()
            server.shutdown()
            server.server_close()


class _Newest:
    """The newest picture as a JPEG, made when the first one asks for it: nobody looks, no work."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._encoding = threading.Lock()
        self._image: np.ndarray | None = None
        self._number = 0
        self._encoded = (0, b"")
        self.closed = False

    def put(self, image: np.ndarray) -> None:
        with self._changed:
            self._image, self._number = image, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def after(self, seen: int, timeout: float) -> tuple[int, bytes] | None:
        """(number, JPEG) of the newest picture; waits for one later than number `seen`. None at the
        end, and where none came."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._number > seen or self.closed, timeout):
                return None
        with self._encoding:
            with self._changed:
                number, image = self._number, self._image
            if self.closed or image is None:
                return None
            if self._encoded[0] != number:
                _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
                self._encoded = number, data.tobytes()
            return self._encoded


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self.newest = _Newest()
        self.viewers = threading.BoundedSemaphore(VIEWERS)
        super().__init__(*arguments)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """One who went away is no error."""


class _Viewer(BaseHTTPRequestHandler):
    """One who looks."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.0"
    server_version, sys_version = "livedream", ""
    timeout = QUIET

    def setup(self) -> None:
        # Before anything is sent: later the system has made its buffer large.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BACKLOG)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def do_GET(self) -> None:
        if not self._meant_for_us():
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        if not self.server.viewers.acquire(blocking=False):
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "Too many are looking")
            return
        try:
            self._answer()
        except OSError:
            pass  # Gone, or too slow for QUIET seconds.
        finally:
            self.server.viewers.release()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the show."""

    def _meant_for_us(self) -> bool:
        """A page from elsewhere must not reach what listens on this machine alone by a name of its
        own that leads here."""
        if not self.client_address[0].startswith("127."):
            return True
        name = self.headers.get("Host", "localhost").rpartition(":")[0] or self.headers.get("Host")
        return name in (None, "localhost", "127.0.0.1", "[::1]") or not str(
            self.server.server_address[0]
        ).startswith("127.")

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(PAGE, "text/html; charset=utf-8")
        elif path == "/frame.jpg":
            found = self.server.newest.after(0, QUIET)
            if found:
                self._send(found[1], "image/jpeg")
            else:
                self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "There is no picture yet")
        elif path == "/stream.mjpg":
            self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _stream(self) -> None:
        self._begin(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.wfile.write(BORDER)
        seen = 0
        while found := self.server.newest.after(seen, QUIET):
            seen, jpeg = found
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            # The border of the next one at once: a browser shows a picture when it sees its end.
            self.wfile.write(head.encode() + jpeg + b"\r\n" + BORDER)

    def _send(self, content: bytes, kind: str) -> None:
        self._begin(kind, len(content))
        self.wfile.write(content)

    def _begin(self, kind: str, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def _reachable(host: str) -> str:
    """The address to tell: of this machine in its network, where it listens everywhere."""
    if host != "0.0.0.0":
        return host
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # Sends nothing: only asks for the way there.
            return probe.getsockname()[0]
    except OSError:
        return socket.gethostname()

"""Servers of streams on the loopback that stall when they are told to: MJPEG and MPEG-TS by HTTP,
and RTSP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from fractions import Fraction

import av
import cv2
import numpy as np

from ...patience import PATIENCE

KINDS = ("mjpeg", "ts", "rtsp")
RATE = 30
SIZE = (160, 96)

SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "a=control:track\r\n"
)
HTTP = {"mjpeg": "multipart/x-mixed-replace; boundary=f", "ts": "video/mp2t"}
RTCP = 200


class Server:
    """Sends pictures of one brightness, `level`, to whoever connects. While `stalled` is set it
    sends nothing, to new ones neither; with `hoards` all that was held back comes at once after it,
    as when a network was gone."""

    def __init__(self, kind: str, *, hoards: bool = False) -> None:
        self.kind, self.hoards, self.level = kind, hoards, 60
        self.stalled = threading.Event()
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        scheme = "rtsp" if kind == "rtsp" else "http"
        self.url = f"{scheme}://me:secret@127.0.0.1:{self._listener.getsockname()[1]}/v"
        self._start(self._accept)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _start(self, work: Callable, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        held = b""

        def send(data: bytes) -> int:
            nonlocal held
            held += data
            if not self.stalled.is_set():
                connection.sendall(held)
                held = b""
            elif not self.hoards:
                held = b""
            return len(data)

        try:
            with connection:
                while self.stalled.is_set() and not self._closing.wait(0.01):
                    pass
                if self.kind == "rtsp":
                    self._agree(connection)
                else:
                    connection.recv(4096)
                    kind = HTTP[self.kind]
                    connection.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())
                if self.kind == "mjpeg":
                    self._jpegs(send)
                else:
                    self._encoded(send)
        except OSError:
            pass  # It went.

    def _agree(self, connection: socket.socket) -> None:
        """What is said before the pictures of RTSP come, over the same connection."""
        requests = connection.makefile("r", encoding="latin-1", newline="\r\n")
        while True:
            lines = iter(requests.readline, "\r\n")
            first = next(lines, "")
            if not first:
                raise ConnectionError
            headers = dict(line.strip().split(": ", 1) for line in lines)
            method, more, body, code = first.partition(" ")[0], "", "", "200 OK"
            if method == "DESCRIBE":
                body = SDP
                more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            elif method == "SETUP":
                more = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
                if "TCP" not in headers["Transport"]:
                    code, more = "461 Unsupported Transport", ""
            sequence = headers.get("CSeq", "0")
            connection.sendall(f"RTSP/1.0 {code}\r\nCSeq: {sequence}\r\n{more}\r\n{body}".encode())
            if method == "PLAY":
                return

    def _pictures(self):
        while not self._closing.wait(1 / RATE):
            yield np.full((*SIZE[::-1], 3), self.level, np.uint8)

    def _jpegs(self, send: Callable[[bytes], int]) -> None:
        for picture in self._pictures():
            jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
            head = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            send(head.encode() + jpeg + b"\r\n")

    def _encoded(self, send: Callable[[bytes], int]) -> None:
        class Pipe:
            def write(self, data: bytes) -> int:
                return send(bytes(data))

        class Interleaved:
            def write(self, data: bytes) -> int:
                channel = int(data[1] == RTCP)
                send(b"$" + bytes([channel]) + len(data).to_bytes(2, "big") + bytes(data))
                return len(data)

        pipe, form = (Interleaved(), "rtp") if self.kind == "rtsp" else (Pipe(), "mpegts")
        out = av.open(pipe, "w", format=form)
        options = {
            "preset": "ultrafast", "tune": "zerolatency", "g": "10",
            "x264-params": "repeat-headers=1",
        }  # fmt: skip
        video = out.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        for number, picture in enumerate(self._pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            for packet in video.encode(frame):
                out.mux(packet)

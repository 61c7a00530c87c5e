"""Streams to servers: RTMP, RTSP, SRT, WHIP."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import av
import av.error
import numpy as np
from av.format import ContainerFormat

from ..errors import LivedreamError, UsageError
from .feed import ANSWER, HEAD, READY, Feed
from .sink import Sink

STARTING = 10.0
"""Seconds that the process has to start, beside the server's own."""

_LIVE = {"preset": "veryfast", "tune": "zerolatency", "bf": "0", "crf": "21"}
_CAPPED = {**_LIVE, "maxrate": "6M", "bufsize": "6M"}


@dataclass(frozen=True)
class Protocol:
    """How a kind of server is spoken to. muxer: FFmpeg's name. options: of the encoder. container:
    of the muxer. needs: FFmpeg's protocol, where it may be missing."""

    muxer: str
    options: dict[str, str] = field(default_factory=lambda: _CAPPED)
    container: dict[str, str] = field(default_factory=dict)


_RTMP = Protocol("flv", container={"flvflags": "no_duration_filesize"})
# Over TCP: a network that drops packets must not smear the picture.
_RTSP = Protocol("rtsp", container={"rtsp_transport": "tcp", "timeout": "8000000"})
_WHIP = Protocol("whip", {**_CAPPED, "profile": "baseline"})

PROTOCOLS: dict[str, Protocol] = {
    "rtmp": _RTMP,
    "rtmps": _RTMP,
    "rtsp": _RTSP,
    "srt": Protocol("mpegts"),
    "https": _WHIP,
    "http": _WHIP,
}
"""By the scheme of the address; a new one is a line here."""


class Stream(Sink):
    """Sends H.264 to the server at `address`, whose scheme is one of PROTOCOLS.

    Encoding and network live in a process of their own, see `feed`; what fails there is raised by
    `open` and `send`, and a server that gives no sign for `patience` seconds is given up.
    Raises UsageError for an address without a host.
    """

    fixed = True
    steady = True

    def __init__(self, address: str, patience: float = ANSWER) -> None:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            # What Python says may quote user and password.
            raise UsageError("--out has an address that cannot be read; check its host.") from error
        if not host:
            raise UsageError(f"'{parts.scheme}://' needs a host, as in {parts.scheme}://host/path.")
        # User, path and query may hold the key of a channel.
        self.name = f"{parts.scheme}://{host}{f':{port}' if port else ''}"
        self._patience = patience
        self._address, self._scheme = address, parts.scheme
        self._protocol = PROTOCOLS[parts.scheme]
        self._process: subprocess.Popen[bytes] | None = None

    def check(self) -> None:
        if self._scheme == "srt" and not has_srt():
            raise LivedreamError(
                "This PyAV speaks no SRT, which its wheels have up to 15.1; "
                'pip install "av>=15,<16", or stream by RTMP or RTSP.'
            )
        try:
            ContainerFormat(self._protocol.muxer, "w")
        except ValueError as error:
            raise LivedreamError(
                f"This PyAV writes no {self._protocol.muxer.upper()}; "
                'pip install --upgrade "av>=17.1,<19".'
            ) from error

    def open(self, size: tuple[int, int], rate: float) -> str:
        width, height = size
        protocol = self._protocol
        feed = Feed(
            self._address, protocol.muxer, (width, height), rate, options=protocol.options,
            container=protocol.container, patience=self._patience,
        )  # fmt: skip
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.feed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin
        if not sys.platform.startswith("win"):
            os.set_blocking(process.stdin.fileno(), False)
        _write(process.stdin.fileno(), feed.said(), self._patience)
        answer = self._answer(STARTING + self._patience)
        if answer != READY:
            raise LivedreamError(self._reason(answer))
        return f"{self.name}, {width}x{height} at {rate:g}"

    def send(self, image: np.ndarray, time: float) -> None:
        process = self._process
        assert process
        assert process.stdin
        try:
            for part in (HEAD.pack(time), image.data.cast("B")):
                _write(process.stdin.fileno(), part, self._patience)
        except OSError as error:
            raise LivedreamError(self._reason(self._answer(0.5))) from error

    def abandon(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        assert process.stdout
        with suppress(OSError):  # It may be gone already.
            process.stdin.close()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _answer(self, timeout: float) -> str:
        """The next line of the process; empty where none comes or it is gone."""
        process = self._process
        assert process
        assert process.stdout
        if not sys.platform.startswith("win"):  # Where only sockets can be waited for.
            readable, _, _ = select.select([process.stdout], [], [], timeout)
            if not readable:
                return ""
        return process.stdout.readline().decode(errors="replace").strip()

    def _reason(self, answer: str) -> str:
        trouble = answer or f"it does not answer within {self._patience:g} seconds"
        return f"the connection failed, {trouble[0].lower()}{trouble[1:]}"


def _write(descriptor: int, data: bytes | memoryview, patience: float) -> None:
    """All of `data` into a pipe. Raises OSError where nobody takes it for `patience` seconds."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            _, writable, _ = select.select([], [descriptor], [], patience)
            if not writable:
                raise TimeoutError from None


def has_srt() -> bool:
    """Whether PyAV's FFmpeg was built with SRT."""
    try:
        # The protocol is looked for before the address, which is none.
        av.open("srt://").close()
    except av.error.ProtocolNotFoundError:
        return False
    except av.error.FFmpegError:
        pass
    return True

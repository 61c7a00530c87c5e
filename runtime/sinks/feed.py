"""The process that encodes one stream and holds its connection: `python -m ...sinks.feed`.

A process and no thread: FFmpeg's network code waits for a server while it holds Python's lock, and
would stop the whole show with it. By standard input comes a line that says where to and how (on
the command line everybody could read the key of a channel), then the pictures, each as its time
and its pixels; `ready`, or one sentence of what went wrong, goes out by standard output. It ends
when its input does, and by itself when a server keeps it waiting for too long.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import BinaryIO

import av
import av.error
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

ANSWER = 10.0
"""Seconds that a server has for each answer where nobody says otherwise."""

HEAD = struct.Struct("<d")
"""Before the pixels of each picture: its time in seconds."""

TICK = Fraction(1, 90_000)
READY = "ready"


@dataclass(frozen=True)
class Feed:
    """Where to, and how. address: a URL. muxer, codec: FFmpeg's names. size: (width, height), even.
    rate: pictures a second. options: of the encoder; container: of the muxer. patience: seconds
    that a server has for each answer."""

    address: str
    muxer: str
    size: tuple[int, int]
    rate: float
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    patience: float = ANSWER

    def said(self) -> bytes:
        """The first line for the process."""
        return json.dumps(asdict(self)).encode() + b"\n"


class Feeding:
    """The open connection. Raises FFmpegError and OSError, as `send` and `close` do."""

    def __init__(self, feed: Feed) -> None:
        self._last = -1
        self._container: OutputContainer = av.open(
            feed.address, "w", format=feed.muxer, container_options=feed.container
        )
        stream = self._container.add_stream(
            feed.codec, rate=Fraction(feed.rate).limit_denominator(1001)
        )
        assert isinstance(stream, VideoStream)
        codec = stream.codec_context
        codec.width, codec.height = feed.size
        codec.pix_fmt, codec.options = "yuv420p", feed.options
        codec.time_base = stream.time_base = TICK
        codec.gop_size = round(2 * feed.rate)  # Who comes later waits two seconds at most.
        # The decoder must know before the first picture, so it stands in the stream's head.
        codec.colorspace, codec.color_range = Colorspace.ITU709, 1
        codec.color_primaries = codec.color_trc = 1
        self._stream = stream
        self._container.start_encoding()

    def send(self, image: np.ndarray, time: float) -> None:
        """uint8 BGR [height, width, 3] for `time`, in seconds from any moment; one that is no later
        than the one before is left out."""
        tick = round(time / TICK)
        if tick <= self._last:
            return
        self._last = tick
        frame = VideoFrame.from_ndarray(image, format="bgr24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range="MPEG"
        )
        frame.time_base, frame.pts = TICK, tick
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


def run(feed: Feed, pictures: BinaryIO, say: Callable[[str], None]) -> int:
    """Send what comes until `pictures` ends. Returns the exit code."""
    width, height = feed.size
    pixels = bytearray(width * height * 3)
    image = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    try:
        patience = _Patience(feed.patience)
        with patience:
            feeding = Feeding(feed)
        say(READY)
        start: float | None = None
        while head := pictures.read(HEAD.size):
            if len(head) < HEAD.size or pictures.readinto(pixels) < len(pixels):  # pyright: ignore[reportAttributeAccessIssue]
                break
            time = HEAD.unpack(head)[0]
            start = time if start is None else start
            with patience:
                feeding.send(image, time - start)
        with patience:
            feeding.close()
    except (av.error.FFmpegError, OSError) as error:
        say(error.strerror or str(error))
        return 1
    return 0


class _Patience:
    """Ends the process where what is inside takes longer than `seconds`. By the system: Python
    could not act, as what is inside may hold its lock."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """What the process does."""
    for name in ("SIGINT", "SIGHUP", "SIGTSTP"):  # The terminal's: they are for the show.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    said = json.loads(sys.stdin.buffer.readline())
    feed = Feed(**{**said, "size": tuple(said["size"])})
    sys.exit(run(feed, sys.stdin.buffer, lambda text: print(text, flush=True)))


if __name__ == "__main__":
    main()

"""The pictures of a clip or stream, as a screen wants them: upright, whole, of square pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from ...errors import LivedreamError
from ...store.colour import SWS, matrix_of
from ...store.footage import length_of, picture_of, upright, without_index
from .base import OnEvent, safely

SDR = 1
"""BT.709's number for transfer and primaries: what a screen shows. swscale maps HDR onto it."""

LONGEST_GAP = 60.0
"""Seconds between two frames of a slide show; more is a clock that was set."""

OPENING, READING = 5.0, 5.0
"""Seconds that a server may take to answer, and between two packets."""


def open_container(address: str, name: str) -> InputContainer:
    """Opens a file or an address. name: for messages. Raises LivedreamError."""
    try:
        return av.open(address, timeout=(OPENING, READING), metadata_errors="replace")
    except UnicodeError as error:
        raise LivedreamError(
            f"{name} has a name that is no text here; rename it to open it."
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        said = (error.strerror or type(error).__name__).rstrip(".")
        if "://" in address:
            raise LivedreamError(
                f"{name} does not answer or is no video ({said}): check the address and the "
                "network."
            ) from error
        hint = without_index(name)
        raise LivedreamError(
            f"{name} is neither a picture nor a video that can be read ({said})"
            f"{hint if isinstance(error, av.error.InvalidDataError) else ''}."
        ) from error


class Decoder:
    """Iterates over (picture, seconds since the beginning); uint8 BGR [height, width, 3].

    Interlaced frames are made whole, rotated ones upright, HDR is mapped to what a screen shows,
    transparency is dropped, what cannot be decoded is left out. rate: frames a second as the
    container tells, length: seconds, either 0 where that is not known. begin: the container's own
    time of the first picture, once that is there. on_event: hears once where something is damaged.
    live: each picture as soon as it is there, by no more threads than share a picture: those that
    share pictures hold back one each. Raises LivedreamError where there is no video.
    """

    def __init__(
        self,
        container: InputContainer,
        name: str,
        on_event: OnEvent | None = None,
        *,
        live: bool = False,
    ) -> None:
        stream = picture_of(container)
        if stream is None:
            raise LivedreamError(f"{name} holds no video: nothing in it to dream on.")
        if live:
            stream.thread_type = "SLICE"
        self._name, self._tell = name, safely(on_event)
        self._damaged = False
        self.begin = 0.0
        self._container = container
        self._stream: VideoStream = stream
        self.rate = float(stream.average_rate or stream.guessed_rate or 0)
        self.length = length_of(container, stream)
        self._whole: _Deinterlacer | None = None
        # Kept: for HDR it makes tables that take three seconds.
        self._converter = VideoReformatter()

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        usual = 1 / self.rate if self.rate else 0.0
        time, last = 0.0, None
        for frame in self._frames():
            if last is not None:
                gap = frame.time - last if frame.time is not None else usual
                # Streams that were joined begin their times anew.
                time += gap if 0 <= gap <= LONGEST_GAP else usual
            else:
                self.begin = frame.time or 0.0
            last = frame.time if frame.time is not None else (last or 0.0) + usual
            yield self._picture(frame), time

    def _frames(self) -> Iterator[VideoFrame]:
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:  # Of this packet; what cannot be read ends `demux`.
                self._damage()
                continue
            for frame in frames:
                if frame.is_corrupt:  # FFmpeg made up what was missing.
                    self._damage()
                yield from self._made_whole(frame)
        if self._whole:
            yield from self._whole.rest()

    def _damage(self) -> None:
        if not self._damaged:
            self._damaged = True
            self._tell(f"{self._name} is damaged; what can be read of it plays")

    def _made_whole(self, frame: VideoFrame) -> list[VideoFrame]:
        if self._whole is None and not frame.interlaced_frame:
            return [frame]
        waited: list[VideoFrame] = []
        if self._whole is None or not self._whole.fits(frame):
            waited = self._whole.rest() if self._whole else []
            self._whole = _Deinterlacer(frame, self._stream)
        return waited + self._whole.push(frame)

    def _picture(self, frame: VideoFrame) -> np.ndarray:
        image = self._converter.reformat(
            frame,
            format="bgr24",
            src_colorspace=SWS[matrix_of(frame)],
            src_color_range=frame.color_range,
            dst_color_range="JPEG",
            dst_color_trc=SDR,
            dst_color_primaries=SDR,
        ).to_ndarray()
        aspect = self._stream.sample_aspect_ratio or Fraction(1)
        if aspect not in (0, 1) and Fraction(1, 4) <= aspect <= 4:
            width = max(1, round(image.shape[1] * aspect))
            image = cv2.resize(image, (width, image.shape[0]), interpolation=cv2.INTER_LINEAR)
        return upright(image, frame.rotation)


class _Deinterlacer:
    """bwdif of FFmpeg, for frames of one size and format: the fields of a frame are of two moments,
    and moving edges would be combs."""

    def __init__(self, frame: VideoFrame, stream: VideoStream) -> None:
        self._kind = _kind(frame)
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format,
            time_base=stream.time_base,
        )  # fmt: skip
        filtered = self._graph.add("bwdif", "mode=send_frame:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(filtered)
        filtered.link_to(sink)
        self._graph.configure()

    def fits(self, frame: VideoFrame) -> bool:
        return _kind(frame) == self._kind

    def push(self, frame: VideoFrame) -> list[VideoFrame]:
        self._graph.push(frame)
        return list(self._ready())

    def rest(self) -> list[VideoFrame]:
        """What still waits, at the end."""
        with suppress(av.error.EOFError):
            self._graph.push(None)
        return list(self._ready())

    def _ready(self) -> Iterator[VideoFrame]:
        with suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                frame = self._graph.pull()
                assert isinstance(frame, VideoFrame)
                yield frame


def _kind(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name

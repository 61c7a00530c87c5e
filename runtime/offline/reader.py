"""A clip that is read: its frames one at a time, upright, with exact times."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, cast

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import LivedreamError, UsageError
from ..store.colour import EXACT, SWS, matrix_of
from ..store.footage import cut_off, length_of, picture_of, upright, without_index
from .sound import reading


class Decoded(NamedTuple):
    """One frame of a clip.

    image: uint8 BGR [height, width, 3], upright. time, duration: seconds from the clip's beginning;
    the duration may be unknown. coded: as it was decoded, for its tags.
    """

    image: np.ndarray
    time: Fraction
    duration: Fraction | None
    coded: VideoFrame


def open_clip(source: Path) -> InputContainer:
    """The file, for one of its streams. Raises LivedreamError where it is no clip."""
    _check(source)
    try:
        # Absolute, so that a colon in a name is not taken for a protocol.
        return av.open(str(source.resolve()))
    except av.error.FFmpegError as error:
        if isinstance(error, PermissionError):
            raise LivedreamError(f"{source} cannot be read: permission denied.") from error
        raise LivedreamError(
            f"{source} is no clip that FFmpeg can read, or is damaged ({error.strerror})"
            f"{without_index(source.name)}."
        ) from error


class Reader:
    """The picture of an open clip.

    expected: the number of frames, where the file or its length tells it. damaged: packets that
    could not be decoded so far. sphere: how the eyes lie, a name of `STEREO`, where the first
    frame tells that it is a panorama. Raises LivedreamError for a file without a picture.
    """

    def __init__(self, container: InputContainer, path: Path) -> None:
        stream = picture_of(container)
        if stream is None:
            raise LivedreamError(f"{path} has no picture to dream on; it is no video clip.")
        self.path = path
        self.container = container
        self.stream: VideoStream = stream
        self.rate: Fraction = stream.guessed_rate or stream.average_rate or Fraction(25)
        self.time_base: Fraction = stream.time_base or Fraction(1, 90000)
        self.expected = self._expected()
        self.damaged = 0
        self.sphere: str | None = None

    def frames(self) -> Iterator[Decoded]:
        """Every frame that can be decoded, in order. Raises LivedreamError where reading fails."""
        begin = Fraction(self.container.start_time or 0, av.time_base)
        size: tuple[int, int] | None = None
        previous: Fraction | None = None
        for frame in self._decoded():
            if size is None:
                self.sphere = _sphere(frame)
            size = size or (frame.width, frame.height)
            time = self._time(frame, previous) - begin
            if previous is not None and time + begin <= previous:
                # Two frames at one instant, in a broken file: the later one waits for one tick.
                time = previous + self.time_base - begin
            previous = time + begin
            duration = frame.duration * self.time_base if frame.duration else None
            yield Decoded(upright(_to_bgr(frame, size), frame.rotation), time, duration, frame)

    def cut_off(self, end: Fraction) -> str | None:
        """A sentence where the file tells of more than the frames until `end` seconds."""
        length = length_of(self.container, self.stream)
        return cut_off(str(self.path), float(end + 1 / self.rate), length)

    def _decoded(self) -> Iterator[VideoFrame]:
        packets = self.container.demux(self.stream)
        while True:
            with reading(self.path):
                packet = next(packets, None)
            if packet is None:
                return
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                # Players skip what is damaged as well; the report says how much it was.
                self.damaged += 1
                continue
            yield from frames

    def _time(self, frame: VideoFrame, previous: Fraction | None) -> Fraction:
        if frame.pts is not None:
            return frame.pts * (frame.time_base or self.time_base)
        return Fraction(0) if previous is None else previous + 1 / self.rate

    def _expected(self) -> int | None:
        if self.stream.frames:
            return self.stream.frames
        if self.container.duration:
            return max(1, round(self.container.duration / av.time_base * self.rate))
        return None


def _check(source: Path) -> None:
    if source.is_dir():
        raise LivedreamError(f"{source} is a folder; name a clip in it.")
    if not source.exists():
        raise UsageError(f"{source} does not exist; check the name.")
    if not source.is_file():
        raise LivedreamError(f"{source} is no regular file; a clip is read from a file.")
    if source.stat().st_size == 0:
        raise LivedreamError(f"{source} is empty; it holds no clip.")


def _sphere(frame: VideoFrame) -> str | None:
    # Going through it gives the data, whatever its type says.
    every = cast("Iterable[SideData]", frame.side_data)
    told = {each.type: bytes(each) for each in every}
    # Both begin with an enum of FFmpeg's: 0 is the whole sphere; 1 and 2 are the eyes.
    if told.get(Type.SPHERICAL, b"")[:4] != struct.pack("=i", 0):
        return None
    eyes = told.get(Type.STEREO3D, bytes(4))[:4]
    return {1: "side-by-side", 2: "over-under"}.get(struct.unpack("=i", eyes)[0], "none")


def _to_bgr(frame: VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """uint8 BGR [height, width, 3]. A stream that changes its size midway is scaled to `size`."""
    coded = frame.reformat(
        width=size[0],
        height=size[1],
        format="bgr24",
        src_colorspace=SWS[matrix_of(frame)],
        src_color_range=frame.color_range,
        dst_color_range="JPEG",
        interpolation=EXACT,
    )
    return coded.to_ndarray()

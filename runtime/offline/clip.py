"""A clip in, the same clip dreamt out: every frame once, its own time, its own sound."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import LivedreamError, UsageError
from ..store.files import check_writable, replacing, unwritable
from .sound import Sound, reading

Dream = Callable[[np.ndarray, float], np.ndarray]
Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class Form:
    """How a container is written: muxer, picture encoder, and the sound it takes where the clip's
    own is not legal in it."""

    muxer: str
    video: str
    options: dict[str, str]
    audio: str
    container: dict[str, str]


_H264 = {"crf": "18", "preset": "medium"}
# Good quality at a bearable speed: VP9's own default takes many seconds a frame.
_VP9 = {"crf": "24", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
_MOV = {"movflags": "+faststart"}
FORMS: dict[str, Form] = {
    ".mp4": Form("mp4", "libx264", _H264, "aac", _MOV),
    ".m4v": Form("mp4", "libx264", _H264, "aac", _MOV),
    ".mov": Form("mov", "libx264", _H264, "aac", _MOV),
    ".mkv": Form("matroska", "libx264", _H264, "aac", {}),
    ".webm": Form("webm", "libvpx-vp9", _VP9, "libopus", {}),
}


@dataclass(frozen=True)
class ClipReport:
    """What became of a clip.

    frames: dreamt and written. width, height: of the written clip, pixels. seconds: from the first
    frame's presentation to the last one's. sound: one word per sound track, `copied` or
    the codec it was converted to. damaged: packets of the source that could not be decoded.
    """

    frames: int
    width: int
    height: int
    seconds: float
    sound: tuple[str, ...]
    damaged: int


def dream_clip(
    source: Path | str, target: Path | str, dream: Dream, *, progress: Progress | None = None
) -> ClipReport:
    """Decode `source`, give every frame to `dream` once and in order, and write `target`.

    dream: takes uint8 BGR [height, width, 3], upright, and its presentation time in seconds from
        the clip's beginning; returns uint8 BGR of one size throughout, which becomes the clip's
        size (H.264 wants even sizes: an odd one grows by one repeated row or column).
    progress: called after each frame with the frames done and their expected number, if known.

    Frame times are kept (variable rates too), sound packets are copied, or converted where the new
    container does not take them. Memory does not grow with the clip's length. `target` appears when
    it is complete; on an error or Ctrl-C nothing is left and an older `target` stays.

    Raises UsageError for an unknown suffix or `target` being `source`; LivedreamError for a source
    that is missing, no clip, or without a picture, and for a target that cannot be written.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    form = _form(target)
    _check_source(source)
    check_writable(target)
    if target.exists() and os.path.samefile(source, target):
        raise UsageError(f"{target} is the clip to read itself; write to another name.")

    with replacing(target) as temporary, ExitStack() as opened:
        picture = _Picture(opened.enter_context(_open(source)), source)
        # The sound is read through a second handle, as far as the picture has come: however badly
        # a file interleaves its streams, nothing has to be held back.
        sound = opened.enter_context(_open(source))
        try:
            return _write(picture, sound, temporary, form, dream, progress)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise unwritable(target, error) from error
            raise LivedreamError(f"{target} cannot be encoded: {error.strerror}.") from error


def _write(
    picture: _Picture,
    sound: InputContainer,
    temporary: Path,
    form: Form,
    dream: Dream,
    progress: Progress | None,
) -> ClipReport:
    frames = 0
    first = last = Fraction(0)
    writer: _Writer | None = None
    try:
        for time, duration, image, tags in picture.frames():
            dreamt = dream(image, float(time))
            if writer is None:
                first = time
                writer = _Writer(temporary, form, dreamt, picture, tags, sound)
            writer.write(dreamt, time, duration)
            frames, last = frames + 1, time
            if progress is not None:
                progress(frames, picture.expected)
        if writer is None:
            raise LivedreamError(f"{picture.path} holds no frame that can be decoded; it is empty.")
        writer.finish()
        return ClipReport(
            frames=frames,
            width=writer.width,
            height=writer.height,
            seconds=float(last - first),
            sound=writer.sound.kinds,
            damaged=picture.damaged + writer.sound.damaged,
        )
    finally:
        if writer is not None:
            writer.close()


class _Picture:
    """The frames of a clip, one at a time, upright, with exact times."""

    def __init__(self, container: InputContainer, path: Path) -> None:
        # A cover picture is stored as a video stream too.
        streams = [
            s for s in container.streams.video if not s.disposition & Disposition.attached_pic
        ]
        if not streams:
            raise LivedreamError(f"{path} has no picture to dream on; it is no video clip.")
        self.path = path
        self.container = container
        self.stream: VideoStream = streams[0]
        self.stream.thread_type = "AUTO"
        self.rate: Fraction = self.stream.guessed_rate or self.stream.average_rate or Fraction(25)
        self.time_base: Fraction = self.stream.time_base or Fraction(1, 90000)
        self.expected = self._expected()
        self.damaged = 0

    def frames(self) -> Iterator[tuple[Fraction, Fraction | None, np.ndarray, VideoFrame]]:
        """Time and duration in seconds, image uint8 BGR, and the frame for its tags."""
        begin = Fraction(self.container.start_time or 0, av.time_base)
        size: tuple[int, int] | None = None
        previous: Fraction | None = None
        for frame in self._decoded():
            size = size or (frame.width, frame.height)
            time = self._time(frame, previous) - begin
            if previous is not None and time + begin <= previous:
                # Two frames at one instant, in a broken file: the later one waits for one tick.
                time = previous + self.time_base - begin
            previous = time + begin
            duration = frame.duration * self.time_base if frame.duration else None
            image = _turned(_to_bgr(frame, size), frame.rotation)
            yield time, duration, image, frame

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


class _Writer:
    """The clip being written: frames as they come, sound as far as they have come."""

    def __init__(
        self,
        path: Path,
        form: Form,
        first: np.ndarray,
        picture: _Picture,
        tags: VideoFrame,
        sound: InputContainer,
    ) -> None:
        self.size = first.shape[:2]
        grain = 2 if form.video == "libx264" else 1
        self.height, self.width = (side + -side % grain for side in self.size)
        self.matrix = _matrix(tags)
        self.container: OutputContainer = av.open(
            str(path), "w", format=form.muxer, container_options=form.container
        )
        try:
            self.stream = cast(VideoStream, self.container.add_stream(form.video, picture.rate))
            self._configure(picture, tags, form)
            self.sound = Sound(sound, self.container, form.audio, picture.path)
            self.container.metadata.update(_metadata(picture.container.metadata))
        except BaseException:
            self.close()
            raise

    def _configure(self, picture: _Picture, tags: VideoFrame, form: Form) -> None:
        codec = self.stream.codec_context
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, "yuv420p"
        codec.options = form.options
        codec.time_base = self.stream.time_base = picture.time_base
        codec.thread_type = "AUTO"
        aspect = picture.stream.sample_aspect_ratio
        if aspect and aspect > 0:
            codec.sample_aspect_ratio = 1 / aspect if tags.rotation % 180 else aspect
        codec.colorspace, codec.color_range = self.matrix, 1
        seen = picture.stream.codec_context
        codec.color_primaries, codec.color_trc = seen.color_primaries, seen.color_trc

    def write(self, image: np.ndarray, time: Fraction, duration: Fraction | None) -> None:
        """image: uint8 BGR of the first one's size; time and duration in seconds."""
        if image.shape[:2] != self.size:
            raise LivedreamError(
                f"The dream changed its size from {self.size[1]}x{self.size[0]} to "
                f"{image.shape[1]}x{image.shape[0]} within the clip."
            )
        missing = (self.height - self.size[0], self.width - self.size[1])
        if any(missing):
            image = cv2.copyMakeBorder(image, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24").reformat(
            format="yuv420p",
            dst_colorspace=_SWS[self.matrix],
            dst_color_range="MPEG",
            interpolation=_EXACT,
        )
        tick = self.stream.codec_context.time_base
        frame.time_base = tick
        frame.pts = round(time / tick)
        if duration:
            frame.duration = round(duration / tick)
        for packet in self.stream.encode(frame):
            self.container.mux(packet)
        self.sound.write(until=time)

    def finish(self) -> None:
        """Flush the encoders and close the file."""
        for packet in self.stream.encode(None):
            self.container.mux(packet)
        self.sound.write(until=None)
        self.container.close()

    def close(self) -> None:
        """Let go of the file, whatever is in it; after `finish` this does nothing."""
        # A full disk is answered again when the trailer is written: the first answer counts.
        with suppress(av.error.FFmpegError):
            self.container.close()


def _metadata(source: dict[str, str]) -> dict[str, str]:
    """What describes the clip and not the file it came in."""
    container = {"major_brand", "minor_version", "compatible_brands", "encoder"}
    return {key: value for key, value in source.items() if key.lower() not in container}


def _form(target: Path) -> Form:
    form = FORMS.get(target.suffix.lower())
    if form is None:
        raise UsageError(
            f"{target.name} has no clip format that can be written; end it in {', '.join(FORMS)}."
        )
    return form


def _check_source(source: Path) -> None:
    if source.is_dir():
        raise LivedreamError(f"{source} is a folder; name a clip in it.")
    if not source.exists():
        raise LivedreamError(f"{source} does not exist; check the name.")
    if not source.is_file():
        raise LivedreamError(f"{source} is no regular file; a clip is read from a file.")
    if source.stat().st_size == 0:
        raise LivedreamError(f"{source} is empty; it holds no clip.")


def _open(source: Path) -> InputContainer:
    try:
        # Absolute, so that a colon in a name is not taken for a protocol.
        return av.open(str(source.resolve()))
    except av.error.FFmpegError as error:
        if isinstance(error, PermissionError):
            raise LivedreamError(f"{source} cannot be read: permission denied.") from error
        raise LivedreamError(
            f"{source} is no clip that FFmpeg can read, or is damaged ({error.strerror})."
        ) from error


# Bicubic | accurate rounding | full chroma: swscale's default rounds down, two levels a trip.
_EXACT = 0x4 | 0x40000 | 0x2000

# Matrices of YCbCr by their number in the stream, and swscale's own number for the same.
_SWS = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}


def _matrix(frame: VideoFrame) -> int:
    """How the stream's colours are coded; where it does not say, by size, as players guess."""
    if int(frame.colorspace) in _SWS:
        return int(frame.colorspace)
    return 1 if frame.height >= 720 or frame.width >= 1280 else 6


def _to_bgr(frame: VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """uint8 BGR [height, width, 3]. A stream that changes its size midway is scaled to `size`."""
    coded = frame.reformat(
        width=size[0],
        height=size[1],
        format="bgr24",
        src_colorspace=_SWS[_matrix(frame)],
        src_color_range=frame.color_range,
        dst_color_range="JPEG",
        interpolation=_EXACT,
    )
    return coded.to_ndarray()


def _turned(image: np.ndarray, degrees: int) -> np.ndarray:
    """The image upright; `degrees`: counter-clockwise, as the recorder noted, in quarter turns."""
    turns = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image

"""One video file while it is written: a picture and its time go in, packets go to the disk."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from ..scaling import letterbox
from .formats import Encoder, Form

_SAME = {"fflags": "+bitexact"}
"""For a muxer: no random numbers and dates in the file."""

TICK = Fraction(1, 90_000)  # Seconds; the customary fine clock of video.


class Video:
    """One video file with a picture as large as `first`, uint8 BGR [height, width, 3].

    sound: samples a second where the file has sound too, else 0. Playable up to the last seconds if
    the program is killed; an ordinary file at the end. fps: a hint for players. Raises OSError and
    FFmpegError, as do its methods.
    """

    def __init__(
        self,
        path: Path,
        form: Form,
        first: np.ndarray,
        fps: float,
        encoder: Encoder | None = None,
        comment: str = "",
        sound: int = 0,
    ) -> None:
        """encoder: in place of the form's own. comment: what is said about it in the file."""
        encoder = encoder or Encoder(form.video, "yuv420p", form.live)
        self._pixels, self._yuv = encoder.pixels, encoder.yuv
        self._size = first.shape[1], first.shape[0]
        self._last = -1
        width, height = (side + side % 2 for side in self._size)
        # Through a file of Python's: FFmpeg's own tells of a full disk only when it closes.
        self._file = path.open("wb", buffering=0)
        try:
            self._container: OutputContainer = av.open(
                self._file,
                "w",
                format=form.muxer,
                container_options={**form.stream, **(_SAME if comment else {})},
            )
        except BaseException:
            self._file.close()
            raise
        try:
            rate = Fraction(fps).limit_denominator(1001)
            if comment:
                self._container.metadata["comment"] = comment
            stream = self._container.add_stream(encoder.name, rate=rate)
            assert isinstance(stream, VideoStream)
            codec = stream.codec_context
            codec.width, codec.height, codec.pix_fmt = width, height, encoder.pixels
            codec.options = encoder.options
            codec.time_base = stream.time_base = TICK
            # A key frame every two seconds: what a crash may cost.
            codec.gop_size = max(1, round(2 * fps))
            if self._yuv:
                codec.colorspace, codec.color_range = Colorspace.ITU709, 1
            codec.color_primaries = codec.color_trc = 1
            self._stream = stream
            self._sound = self._with_sound(encoder.audio or form.audio, sound) if sound else None
        except BaseException:
            self.close()
            raise
        self._padding = height - self._size[1], width - self._size[0]

    def write(self, image: np.ndarray, tick: int) -> bool:
        """Encode a picture for `tick`, in TICKs from the first; one of another size is fitted in.

        Returns False, and does nothing, for one that is no later than the one before.
        """
        if tick <= self._last:
            return False
        self._last = tick
        if (image.shape[1], image.shape[0]) != self._size:
            image = letterbox(image, self._size)
        if any(self._padding):
            below, right = self._padding
            image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        if self._yuv:
            frame = frame.reformat(
                format=self._pixels, dst_colorspace=Colorspace.ITU709, dst_color_range="MPEG"
            )
        else:
            frame = frame.reformat(format=self._pixels)
        frame.time_base, frame.pts = TICK, tick
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        return True

    def hear(self, samples: np.ndarray) -> None:
        """Encode the next samples of the sound, float32 [n, 2]; the first is heard with the first
        picture."""
        assert self._sound
        if not len(samples):
            return
        frame = AudioFrame.from_ndarray(samples.T.copy(), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = self._rate, self._heard
        frame.time_base = Fraction(1, self._rate)
        self._heard += len(samples)
        for packet in self._sound.encode(frame):
            self._container.mux(packet)

    def _with_sound(self, encoder: str, rate: int) -> AudioStream:
        self._rate, self._heard = rate, 0
        # What else an encoder takes, PyAV makes of it.
        stream = self._container.add_stream(encoder, 48_000)
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = "stereo"
        return stream

    def finish(self) -> None:
        """Flush the encoders and complete the file."""
        for stream in (self._stream, self._sound):
            for packet in stream.encode(None) if stream else ():
                self._container.mux(packet)
        self._container.close()
        self._file.close()

    def close(self) -> None:
        """Let go of the file; after `finish` this does nothing."""
        # A full disk answers again when the trailer is written: the first answer counts.
        with suppress(OSError, av.error.FFmpegError):
            self._container.close()
        self._file.close()


def playable(path: Path) -> bool:
    """Whether at least one frame of the file can be decoded."""
    try:
        with av.open(str(path)) as container:
            return next(container.decode(video=0), None) is not None
    except (av.error.FFmpegError, IndexError):
        return False

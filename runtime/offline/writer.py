"""A clip that is written: frames as they come, sound as far as they have come."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import LivedreamError
from ..sinks.formats import Form, repeatable
from ..store.colour import EXACT, SWS, matrix_of
from ..store.settings import as_text
from .reader import Reader
from .sound import Sound


class Writer:
    """The dreamt clip. width, height: pixels of its pictures."""

    def __init__(
        self,
        path: Path,
        form: Form,
        first: np.ndarray,
        picture: Reader,
        tags: VideoFrame,
        sound: InputContainer,
        settings: dict[str, Any],
    ) -> None:
        """first: the first dreamt picture, which decides the size. picture, tags: of the source,
        with how its colours are coded. sound: the source again, to take the sound from. settings:
        what makes the dream."""
        self.size = first.shape[:2]
        grain = 2 if form.video == "libx264" else 1
        self.height, self.width = (side + -side % grain for side in self.size)
        self.matrix = matrix_of(tags)
        self.container: OutputContainer = av.open(
            str(path),
            "w",
            format=form.muxer,
            # Matroska would name the file by a random number: the same dream is the same bytes.
            container_options={**form.container, "fflags": "+bitexact"},
        )
        try:
            self.stream = cast(VideoStream, self.container.add_stream(form.video, picture.rate))
            self._configure(picture, tags, form)
            self.sound = Sound(sound, self.container, form.audio, picture.path)
            self.container.metadata.update(_metadata(picture.container.metadata))
            if settings:
                self.container.metadata["comment"] = as_text(settings)
        except BaseException:
            self.close()
            raise

    def _configure(self, picture: Reader, tags: VideoFrame, form: Form) -> None:
        codec = self.stream.codec_context
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, "yuv420p"
        exact = repeatable() if form.video == "libx264" else {}
        codec.options = {**form.best, **exact}
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
            dst_colorspace=SWS[self.matrix],
            dst_color_range="MPEG",
            interpolation=EXACT,
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

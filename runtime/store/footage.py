"""What an open clip tells of its picture: for what plays it and for what dreams it whole."""

from __future__ import annotations

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from ..errors import LivedreamError
from .pictures import LARGEST

MISSING = 1.0
"""Seconds by which a clip that was cut off is shorter than its file tells; less is rounding."""


def picture_of(container: InputContainer) -> VideoStream | None:
    """The picture to play, to be decoded by several threads; None where there is none. Frames
    larger than LARGEST are refused before there is memory for them.

    Raises LivedreamError where the file says that all of them are.
    """
    for stream in container.streams.video:
        # A cover picture is stored as a video stream too.
        if not stream.disposition & Disposition.attached_pic:
            if stream.width * stream.height > LARGEST:
                raise LivedreamError(
                    f"A clip of {stream.width}x{stream.height} is too large; at most "
                    f"{LARGEST / 1e6:.0f} megapixels a frame are read."
                )
            # What a header says need not be what comes.
            stream.codec_context.options = {"max_pixels": str(LARGEST)}
            stream.thread_type = "AUTO"
            return stream
    return None


def length_of(container: InputContainer, stream: VideoStream) -> float:
    """Seconds of picture as the file tells, 0 where it does not."""
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    # Sound may be longer.
    alone = len(container.streams) == 1
    return container.duration / av.time_base if container.duration and alone else 0.0


def cut_off(name: str, end: float, length: float, *, whole: bool = True) -> str | None:
    """A sentence where a clip of `length` seconds, 0 where unknown, is not all there; else None.

    end: seconds until the end of what could be read. whole: False where reading failed there.
    """
    if whole and length - end <= MISSING:
        return None
    of = f" of {length:.1f}" if length > end else ""
    return f"{name} breaks off after {end:.1f}{of} s"


def without_index(name: str) -> str:
    """What more to say of a file that cannot be read, where its format lies at its end."""
    if not name.lower().endswith((".mp4", ".mov", ".m4v")):
        return ""
    return (
        "; it may have been cut off before its index was written, as when a camera dies: repair it "
        "with `untrunc`, or record to a file that can be cut (.mkv, .ts)"
    )


def upright(image: np.ndarray, degrees: float) -> np.ndarray:
    """The image as it is to be seen. degrees: counter-clockwise, as the recorder noted; taken in
    quarter turns."""
    turns = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image

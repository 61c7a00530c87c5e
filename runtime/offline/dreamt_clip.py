"""A clip in, the same clip dreamt out: every frame once, its own time, its own sound."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import numpy as np
from av.container import InputContainer

from ..errors import LivedreamError
from ..sinks.formats import Form, form_of
from ..store.files import check_outputs, replacing, unwritable
from ..store.spherical_mp4 import mark_spherical
from .reader import Reader, open_clip
from .writer import Writer

SPHERES = (".mp4", ".m4v", ".mov")
"""Suffixes of clips that can tell of a panorama."""

Dream = Callable[[np.ndarray, float], np.ndarray]
Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class ClipReport:
    """What became of a clip.

    frames: dreamt and written. width, height: of the written clip, pixels. seconds: from the first
    frame's presentation to the last one's. sound: one word per sound track, `copied` or
    the codec it was converted to. damaged: packets of the source that could not be decoded.
    cut_off: a sentence where the source breaks off, else None.
    """

    frames: int
    width: int
    height: int
    seconds: float
    sound: tuple[str, ...]
    damaged: int
    cut_off: str | None


def dream_clip(
    source: Path | str,
    target: Path | str,
    dream: Dream,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    settings: Callable[[], dict[str, Any]] = dict,
    sphere: str | None = None,
) -> ClipReport:
    """Decode `source`, give every frame to `dream` once and in order, and write `target`.

    dream: takes uint8 BGR [height, width, 3], upright, and its presentation time in seconds from
        the clip's beginning; returns uint8 BGR of one size throughout, which becomes the clip's
        size (H.264 wants even sizes: an odd one grows by one repeated row or column).
    progress: called after each frame with the frames done and their expected number, if known.
    settings: what makes the dream, asked after the first frame; the clip's comment.
    sphere: how the eyes lie in a panorama, a name of `spherical_mp4.STEREO`; None for what
        the source tells. A target that is one of SPHERES tells it to players.

    Frame times are kept (variable rates too), sound packets are copied, or converted where the new
    container does not take them. Memory does not grow with the clip's length. `target` appears when
    it is complete; on an error or Ctrl-C nothing is left and an older `target` stays.

    Raises UsageError for an unknown suffix, `target` being `source`, or, without `overwrite`, a
    `target` that is there already; LivedreamError for a source that is missing, no clip, or without
    a picture, for a target that cannot be written, and for an encoder that is missing.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    form = form_of(target)
    check_outputs([target], [source], overwrite)
    with ExitStack() as opened:
        picture = Reader(opened.enter_context(open_clip(source)), source)
        # The sound is read through a second handle, as far as the picture has come: however badly
        # a file interleaves its streams, nothing has to be held back.
        sound = opened.enter_context(open_clip(source))
        temporary = opened.enter_context(replacing(target, overwrite))
        try:
            report = _write(picture, sound, temporary, form, dream, progress, settings)
            sphere = sphere or picture.sphere
            if sphere and target.suffix.lower() in SPHERES:
                mark_spherical(temporary, sphere)
            return report
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise unwritable(target, error) from error
            raise LivedreamError(f"{target} cannot be encoded: {error.strerror}.") from error


def _write(
    picture: Reader,
    sound: InputContainer,
    temporary: Path,
    form: Form,
    dream: Dream,
    progress: Progress | None,
    settings: Callable[[], dict[str, Any]],
) -> ClipReport:
    frames = 0
    first = last = Fraction(0)
    writer: Writer | None = None
    try:
        for frame in picture.frames():
            dreamt = dream(frame.image, float(frame.time))
            if writer is None:
                first = frame.time
                writer = Writer(temporary, form, dreamt, picture, frame.coded, sound, settings())
            writer.write(dreamt, frame.time, frame.duration)
            frames, last = frames + 1, frame.time
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
            cut_off=picture.cut_off(last),
        )
    finally:
        if writer is not None:
            writer.close()

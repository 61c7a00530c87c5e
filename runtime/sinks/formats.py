"""The video files that can be written: container, encoder, and the sound that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from av.codec import Codec
from av.codec.codec import UnknownCodecError

from ..errors import LivedreamError, UsageError


@dataclass(frozen=True)
class Form:
    """How a container is written.

    muxer, video: FFmpeg's names of the container and of the picture's encoder. best, live: the
    encoder's options where quality counts, and beside a show that needs the processor. audio: the
    encoder for sound that is not legal in the container as it is. container, stream: the muxer's
    options for a file that is written in one go, and for one that must be playable after a crash.
    """

    muxer: str
    video: str
    best: dict[str, str]
    live: dict[str, str]
    audio: str
    container: dict[str, str]
    stream: dict[str, str]


def _h264(muxer: str, container: dict[str, str], stream: dict[str, str]) -> Form:
    return Form(
        muxer,
        "libx264",
        best={"crf": "18", "preset": "medium"},
        # Without B-frames, or a fragmented file starts late.
        live={"crf": "20", "preset": "veryfast", "bf": "0"},
        audio="aac",
        container=container,
        stream=stream,
    )


_FAST, _FRAGMENTED = {"movflags": "+faststart"}, {"movflags": "+hybrid_fragmented"}
# Milliseconds. A cluster reaches the disk when it ends; FFmpeg's own last five seconds.
_CLUSTERS = {"cluster_time_limit": "1000"}

FORMS: dict[str, Form] = {
    ".mp4": _h264("mp4", _FAST, _FRAGMENTED),
    ".m4v": _h264("mp4", _FAST, _FRAGMENTED),
    ".mov": _h264("mov", _FAST, _FRAGMENTED),
    ".mkv": _h264("matroska", {}, _CLUSTERS),
    ".webm": Form(
        "webm",
        "libvpx-vp9",
        # Good quality at a bearable speed: VP9's own default takes many seconds a frame.
        best={"crf": "24", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
        live={"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1"},
        audio="libopus",
        container={},
        stream=_CLUSTERS,
    ),
}


def lacking_encoders() -> list[str]:
    """FFmpeg's names of those that a form needs and this FFmpeg has not."""
    needed = dict.fromkeys(name for form in FORMS.values() for name in (form.video, form.audio))
    return [name for name in needed if not _encodes(name)]


def form_of(path: Path) -> Form:
    """The form that the suffix of `path` asks for.

    Raises UsageError for an unknown suffix, LivedreamError where this FFmpeg lacks the encoder.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"{path.name} has no video format that can be written; end it in {', '.join(FORMS)}."
        )
    instead = [suffix for suffix, other in FORMS.items() if _encodes(other.video)]
    require_encoder(form.video, f"or end {path.name} in {' or '.join(instead)}" if instead else "")
    return form


def require_encoder(name: str, instead: str = "") -> None:
    """Raise LivedreamError where this FFmpeg lacks the encoder. instead: what else would help."""
    if not _encodes(name):
        raise LivedreamError(
            f"This FFmpeg has no encoder {name}; install the package av from PyPI "
            f"(`pip install --force-reinstall av`){', ' + instead if instead else ''}."
        )


def _encodes(encoder: str) -> bool:
    try:
        return Codec(encoder, "w").is_encoder
    except UnknownCodecError:
        return False

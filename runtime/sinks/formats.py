"""The video files that can be written: container, encoder, and the sound that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av.error
from av.codec import Codec, CodecContext
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from ..errors import LivedreamError, UsageError

QUALITIES = {"small": 26, "good": 20, "best": 14}
"""What a recording looks like, and how coarse H.264 may be for it, 0..51; beside these there is
EDIT."""

EDIT = "edit"
"""The quality for editing: every picture whole."""

GOOD = "good"


@dataclass(frozen=True)
class Encoder:
    """name, pixels: FFmpeg's names of the encoder and of what it takes. options: the encoder's.
    audio: the encoder of the sound beside it, where that is not the container's own."""

    name: str
    pixels: str
    options: dict[str, str]
    audio: str = ""

    @property
    def yuv(self) -> bool:
        """Whether the pixels are brightness and colours, not red, green and blue."""
        return self.pixels.startswith(("yuv", "nv"))


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


def encoder_of(path: Path, quality: str = GOOD) -> Encoder:
    """What a recording named `path` is encoded with beside a show: by the graphics chip where one
    does H.264, else by the processor.

    Raises as `form_of`, and UsageError for EDIT where the container has no such encoder.
    """
    form, suffix = form_of(path), path.suffix.lower()
    if quality == EDIT:
        if suffix not in _EDITED:
            raise UsageError(
                f"{path.name} cannot be recorded for editing; end it in "
                f"{' or '.join(f'{each} ({kind.name})' for each, kind in _EDITED.items())}."
            )
        return _EDITED[suffix]
    coarse = QUALITIES[quality]
    if form.video != "libx264":
        return Encoder(form.video, "yuv420p", {**form.live, "crf": str(coarse + 10)})
    options = {**form.live, **repeatable(), "crf": str(coarse)}
    return hardware(coarse) or Encoder(form.video, "yuv420p", options)


@cache
def repeatable() -> dict[str, str]:
    """Options of libx264 by which the same pictures are the same bytes every time."""
    # Here, where OpenCV's window has its libraries already; see cli/main.
    import cv2

    # Its AVX-512 reads beyond the rows of the small picture that it looks ahead on: most pictures
    # whose width is no multiple of 128 came out otherwise every few times.
    return {"x264-params": "asm=AVX2"} if cv2.checkHardwareSupport(_AVX_512F) else {}


_AVX_512F = 13
"""OpenCV's number for it, which has no name in Python."""


@cache
def hardware(coarse: int) -> Encoder | None:
    """The first encoder of a graphics chip that encodes a picture here. coarse: 0..51."""
    for name, options in _HARDWARE.items():
        told = {key: value.format(coarse) for key, value in options.items()}
        if _encodes(name):
            encoder = Encoder(name, _pixels(name), told)
            if _starts(encoder):
                return encoder
    return None


def _pixels(encoder: str) -> str:
    """How it takes pictures with colours of half the size; Quick Sync knows one way alone."""
    offered = {each.name for each in Codec(encoder, "w").video_formats or ()}
    return "yuv420p" if "yuv420p" in offered else "nv12"


def _starts(encoder: Encoder) -> bool:
    try:
        codec = CodecContext.create(encoder.name, "w")
        assert isinstance(codec, VideoCodecContext)
        codec.width, codec.height, codec.pix_fmt = 640, 360, encoder.pixels
        codec.time_base, codec.options = Fraction(1, 30), encoder.options
        frame = VideoFrame(640, 360, encoder.pixels)
        frame.pts = 0
        return bool([*codec.encode(frame), *codec.encode(None)])
    except (av.error.FFmpegError, OSError, ValueError):
        return False


# Not run here, where there is no such chip: names and options are FFmpeg's documentation's.
_HARDWARE = {
    "h264_videotoolbox": {"b": "16M", "realtime": "1"},
    "h264_nvenc": {"rc": "vbr", "cq": "{}", "preset": "p4", "bf": "0"},
    "h264_qsv": {"global_quality": "{}", "preset": "veryfast", "bf": "0"},
    "h264_amf": {"rc": "cqp", "qp_i": "{}", "qp_p": "{}"},
}

_EDITED = {
    ".mov": Encoder("prores_ks", "yuv422p10le", {"profile": "hq", "vendor": "apl0"}, "pcm_s16le"),
    # Exactly the pixels that were shown.
    ".mkv": Encoder("ffv1", "bgr0", {"level": "3", "slices": "4", "slicecrc": "1"}, "pcm_s16le"),
}


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

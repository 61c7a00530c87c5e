"""What a sink is called on the command line: from `mjpeg:8090` to the sink."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from ..control.parameters import Outs
from ..errors import UsageError, nearest
from .formats import FORMS
from .sink import Sink

WINDOW = "window"

OUTS = (
    "window, FILE.mp4|mkv|mov|webm, camera, v4l2:/dev/videoN, mjpeg[:lan][:PORT], ndi[:NAME], "
    "spout[:NAME], syphon[:NAME], rtmp://, rtsp://, srt://, https:// (WHIP)"
)
"""What can be said, for the help."""

EXAMPLES = (
    "camera", "mjpeg", "ndi", "spout", "syphon", "rtmp://host", "rtsp://host", "https://host",
    "srt://host",
)  # fmt: skip
"""One of each kind, to look whether it works here."""

MOST = len(fields(Outs))


@dataclass(frozen=True)
class Places:
    """Where the picture goes. window: whether to a window. file: the recording. sinks: the rest, as
    `sink_named` reads them."""

    window: bool
    file: Path | None
    sinks: tuple[str, ...]

    @classmethod
    def of(cls, outs: Sequence[str], headless: bool = False, record: Path | None = None) -> Places:
        """Of what `--out`, `--headless` and `--record` say. Without `outs` it is the window.

        Raises UsageError for what is no place, two files, and a window without a window.
        """
        for spec in outs:
            check_out(spec)
        files = [Path(spec) for spec in outs if is_file(spec)] + ([record] if record else [])
        if len(files) > 1:
            raise UsageError(f"Only one file can be recorded: {files[0]} or {files[1]}.")
        if headless and WINDOW in outs:
            raise UsageError("--out window and --headless exclude each other; leave one away.")
        sinks = tuple(spec for spec in outs if spec != WINDOW and not is_file(spec))
        if len(sinks) > MOST:
            raise UsageError(f"The picture can go to at most {MOST} places beside window and file.")
        return cls(not headless and (WINDOW in outs or not outs), next(iter(files), None), sinks)


def is_file(spec: str) -> bool:
    """Whether `spec` is a recording."""
    kind = spec.partition(":")[0]
    return "://" not in spec and kind not in (WINDOW, *KINDS)


def check_out(spec: str) -> None:
    """Raise UsageError for what is no place where the picture can go. Opens nothing."""
    if is_file(spec):
        if Path(spec).suffix.lower() not in FORMS:
            names = (WINDOW, *KINDS)
            raise UsageError(
                f"'{spec}' is no place where the picture can go; nearest: {nearest(spec, names)}, "
                f"or a file that ends in {', '.join(FORMS)}."
            )
    elif spec != WINDOW:
        sink_named(spec)


def sink_named(spec: str) -> Sink:
    """The sink that `spec` names, not opened. Raises UsageError for what names none."""
    kind, _, rest = spec.partition(":")
    if rest.startswith("//"):
        return _stream(spec)
    if kind not in KINDS:
        raise UsageError(f"'{spec}' names no sink; nearest: {nearest(kind, KINDS)}.")
    return KINDS[kind](rest)


def _mjpeg(rest: str) -> Sink:
    from .mjpeg import PORT, Mjpeg

    host, _, port = rest.rpartition(":")
    if port == "lan":
        host, port = port, ""
    if host not in ("", "lan") or not (port == "" or (port.isascii() and port.isdigit())):
        raise UsageError(f"'mjpeg:{rest}' is not understood; say mjpeg, mjpeg:PORT or mjpeg:lan.")
    if port and not 0 < int(port) < 65536:
        raise UsageError(f"'mjpeg:{rest}' names no port from 1 to 65535.")
    return Mjpeg("0.0.0.0" if host else "127.0.0.1", int(port or PORT))


def _stream(address: str) -> Sink:
    from .stream import PROTOCOLS, Stream

    scheme, _, rest = address.partition(":")
    if scheme.lower() not in PROTOCOLS:
        raise UsageError(
            f"'{scheme}://' is no way out for a stream; nearest: {nearest(scheme, PROTOCOLS)}."
        )
    return Stream(f"{scheme.lower()}:{rest}")


def _loopback(rest: str) -> Sink:
    from .loopback import Loopback

    if not rest:
        raise UsageError("v4l2 needs its device, as in v4l2:/dev/video10.")
    return Loopback(rest)


def _webcam(rest: str) -> Sink:
    from .webcam import Webcam

    if rest:
        raise UsageError("'camera' takes no name; a device of Linux is v4l2:/dev/video10.")
    return Webcam()


def _ndi(rest: str) -> Sink:
    from .ndi import NAME, Ndi

    return Ndi(rest or NAME)


def _spout(rest: str) -> Sink:
    from .spout import Spout

    return Spout(rest or "livedream")


def _syphon(rest: str) -> Sink:
    from .syphon import Syphon

    return Syphon(rest or "livedream")


KINDS: dict[str, Callable[[str], Sink]] = {
    "camera": _webcam,
    "mjpeg": _mjpeg,
    "ndi": _ndi,
    "spout": _spout,
    "syphon": _syphon,
    "v4l2": _loopback,
}
"""What stands before the colon, and what makes the sink of what stands after it; a new sink is a
line here."""

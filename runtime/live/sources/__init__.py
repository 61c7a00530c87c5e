"""Where frames come from: a camera, a clip, a picture, a stream, or the program's own scene."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import cv2

from ...errors import LivedreamError, UsageError, nearest
from .base import OnEvent, Source
from .camera import open_camera, open_stream
from .clip import Clip
from .demo import Demo
from .still import Still
from .v4l2 import Device, NoCamera, devices

__all__ = ["Device", "NoCamera", "Source", "devices", "open_source"]

DEMO_SIZE = (320, 240)


def open_source(
    spec: str,
    size: tuple[int, int] | None = None,
    *,
    seed: int = 0,
    paced: bool = True,
    loop: bool = False,
    on_event: OnEvent | None = None,
) -> Source:
    """The source that `spec` names, opened and ready.

    spec: a camera's number or /dev/video*, a picture, a clip, a URL, or "demo".
    size: (width, height) that a camera is asked for and that the demo is drawn in; pictures,
        clips and streams come as they are.
    seed: of the demo. paced: files and demo in real time rather than as fast as possible.
    loop: a clip starts over at its end.
    on_event: gets one sentence when a camera or stream is lost or back, from another thread.

    Raises UsageError for a spec that names nothing, NoCamera for a camera that is not there,
    LivedreamError for what is there and cannot be read.
    """
    _quiet()
    if spec == "demo":
        return Demo(size or DEMO_SIZE, seed=seed, paced=paced)
    if match := re.fullmatch(r"(?:/dev/video)?(\d+)", spec):
        return open_camera(int(match[1]), size, on_event=on_event)
    if "://" in spec:
        parts = urlsplit(spec)
        if parts.scheme != "file":
            return _open_url(spec, paced=paced, loop=loop, on_event=on_event)
        spec = unquote(parts.path)
    return _open_file(Path(spec), paced=paced, loop=loop)


def _open_file(path: Path, *, paced: bool, loop: bool) -> Source:
    path = path.expanduser()
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name one picture or clip in it.")
    if not path.exists():
        beside = path.parent if path.parent.is_dir() else Path()
        names = [str(each) for each in beside.iterdir() if each.is_file()] + ["demo"]
        raise UsageError(
            f"There is no file {path}; a source is a camera's number, a picture, a clip, a URL "
            f"or demo. Nearest: {nearest(str(path), names)}."
        )
    if not os.access(path, os.R_OK):
        raise LivedreamError(f"{path} may not be read by this user; change its permissions.")
    if path.stat().st_size == 0:
        raise LivedreamError(f"{path} is empty: the file holds no bytes.")
    # By its first bytes, not its name. A GIF is a clip as a rule.
    if path.suffix.lower() != ".gif" and cv2.haveImageReader(str(path)):
        return Still(path, paced=paced)
    return Clip(str(path), paced=paced, loop=loop)


def _open_url(url: str, *, paced: bool, loop: bool, on_event: OnEvent | None) -> Source:
    if urlsplit(url).scheme in ("http", "https"):
        probe = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 5000])
        finite = probe.isOpened() and probe.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        probe.release()
        if finite:  # A file on a server, not a camera.
            return Clip(url, paced=paced, loop=loop)
    return open_stream(url, on_event=on_event)


def _quiet() -> None:
    """Errors are reported in one sentence of ours; OpenCV's own lines would only surround it."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

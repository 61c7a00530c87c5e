"""Where frames come from: a camera, a clip, a picture, a stream, or the program's own scene."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

import cv2

from ...errors import LivedreamError, UsageError, nearest
from ...store.pictures import holds_photo
from . import v4l2
from .address import check_slashes, openable, public_address, split
from .base import OnEvent, Source
from .camera import FIRST_FRAME, Camera, open_camera, open_stream
from .clip import Clip, Hear, printable
from .decoding import open_container
from .demo import Demo
from .desktop import Desktop
from .slides import Slides
from .still import Still
from .v4l2 import Device, NoCamera, devices

__all__ = [
    "Device", "NoCamera", "Source", "check_source", "devices", "is_folder", "open_first_camera",
    "open_source",
]  # fmt: skip

DEMO_SIZE = (320, 240)

_ALWAYS = re.compile(r"demo|screen(:\d{1,2})?|(ndi|spout|syphon)(:.*)?|(/dev/video)?\d{1,4}")
"""What names a source whether that is there or not."""


def open_source(
    spec: str,
    size: tuple[int, int] | None = None,
    *,
    seed: int = 0,
    paced: bool = True,
    loop: bool = False,
    on_event: OnEvent | None = None,
    hear: Hear | None = None,
    controls: Mapping[str, int] = {},
) -> Source:
    """The source that `spec` names, opened and ready.

    spec: a camera's number, device (/dev/video2, /dev/v4l/by-id/...) or name, a picture, a folder
        of pictures, a clip, a URL, "screen", "screen:2", "ndi:NAME", "spout:NAME", "syphon:NAME" or
        "demo".
    size: (width, height) that a camera is asked for and that the demo is drawn in; pictures,
        clips and streams come as they are.
    seed: of the demo. paced: files and demo in real time rather than as fast as possible.
    loop: a clip starts over at its end.
    on_event: gets one sentence when a camera or stream is lost or back, from another thread.
    hear: gets the sound of a clip, as far as its picture is. controls: of a camera, as of
        `open_camera`.

    Raises UsageError for a spec that names nothing, NoCamera for a camera that is not there,
    LivedreamError for what is there and cannot be read.
    """
    _quiet()
    if spec == "demo":
        return Demo(size or DEMO_SIZE, seed=seed, paced=paced)
    if match := re.fullmatch(r"screen(?::(\d{1,2}))?", spec):
        return Desktop(int(match[1] or 1), paced=paced)
    if match := re.fullmatch(r"ndi(?::(.*))?", spec):
        from .ndi_receiver import open_ndi  # Nobody else needs its library.

        return open_ndi(match[1] or "", on_event)
    if match := re.fullmatch(r"(spout|syphon)(?::(.*))?", spec):
        from .neighbours import open_shared  # Nobody else needs its library.

        return open_shared(match[1], match[2] or "", on_event)
    if match := re.fullmatch(r"(?:/dev/video)?(\d{1,4})", spec):
        return _open_device(int(match[1]), size, on_event, controls)
    if "://" in spec:
        parts = split(spec)
        if parts.scheme != "file":
            return _open_url(spec, paced, loop, on_event, hear)
        spec = unquote(parts.path)
    path = _path(spec)
    if path.is_char_device():
        return open_camera(v4l2.query(path), size, on_event=on_event, link=path, controls=controls)
    if not path.exists():
        check_slashes(spec)
        if spec.strip() and (camera := v4l2.named(spec, _found())):
            return open_camera(camera, size, on_event=on_event, controls=controls)
    return _open_file(path, paced, loop, on_event, hear)


def check_source(spec: str) -> None:
    """Raise UsageError for a spec that `open_source` would not know, and for a file or a camera's
    name that is not there. Opens nothing; a camera that has a number may come later."""
    if _ALWAYS.fullmatch(spec):
        return
    if "://" in spec:
        parts = split(spec)
        if parts.scheme != "file":
            openable(spec)
            return
        spec = unquote(parts.path)
    path = _path(spec)
    if path.exists():
        return
    check_slashes(spec)
    if not (spec.strip() and v4l2.named(spec, _found())):
        raise _no_file(path)


def is_folder(spec: str) -> bool:
    """Whether what `spec` names is a folder of pictures."""
    if _ALWAYS.fullmatch(spec):
        return False
    if "://" in spec:
        parts = split(spec)
        spec = unquote(parts.path) if parts.scheme == "file" else ""
    return bool(spec) and _path(spec).is_dir()


def open_first_camera(
    size: tuple[int, int] | None,
    *,
    on_event: OnEvent | None,
    say: Callable[[str], None],
    controls: Mapping[str, int] = {},
) -> Camera:
    """The first camera that really gives a picture. say: hears of each that does not.

    Raises NoCamera where none does.
    """
    _quiet()
    candidates = [each for each in _found() if each.captures] if _linux() else [0]
    for candidate in candidates:
        try:
            camera = open_camera(candidate, size, on_event=on_event, controls=controls)
        except NoCamera:
            continue
        except LivedreamError as error:
            say(str(error))
            continue
        if camera.gives(FIRST_FRAME):
            return camera
        camera.close()
        say(f"{camera.describe()} gives no picture, looking for another.")
    raise NoCamera("There is no camera that gives a picture.")


def _open_device(
    number: int,
    size: tuple[int, int] | None,
    on_event: OnEvent | None,
    controls: Mapping[str, int],
) -> Camera:
    device = v4l2.query(Path(f"/dev/video{number}")) if _linux() else number
    return open_camera(device, size, on_event=on_event, controls=controls)


def _found() -> list[Device]:
    return devices() if _linux() else []


def _linux() -> bool:
    return sys.platform.startswith("linux")


def _path(spec: str) -> Path:
    """The path that `spec` is; it need not exist. Raises LivedreamError where the system will not
    say whether it does."""
    try:
        path = Path(spec).expanduser()
        path.exists()
    except RuntimeError as error:
        raise UsageError(f"{printable(spec)} names no user of this computer.") from error
    except OSError as error:
        raise LivedreamError(
            f"{printable(spec)} cannot be looked at ({error.strerror}); name another --source."
        ) from error
    return path


def _open_file(
    path: Path, paced: bool, loop: bool, on_event: OnEvent | None, hear: Hear | None
) -> Source:
    shown = printable(str(path))
    if path.is_dir():
        return Slides(path, paced=paced, on_event=on_event)
    if not path.exists():
        raise _no_file(path)
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise UsageError(f"{shown} is no regular file and no camera; name a picture or a clip.")
    if not os.access(path, os.R_OK):
        raise LivedreamError(f"{shown} may not be read by this user; change its permissions.")
    if state.st_size == 0:
        raise LivedreamError(f"{shown} is empty: the file holds no bytes.")
    # By its first bytes, not its name. A GIF is a clip as a rule. OpenCV crashes at a name that is
    # no text.
    if path.suffix.lower() != ".gif" and shown.isprintable() and holds_photo(path):
        return Still(path, paced=paced)
    return Clip(str(path.absolute()), paced=paced, loop=loop, on_event=on_event, hear=hear)


def _no_file(path: Path) -> UsageError:
    beside = path.parent if path.parent.is_dir() else Path()
    names = [str(each) for each in beside.iterdir() if each.is_file()] + ["demo"]
    return UsageError(
        f"There is no file {printable(str(path))}; a source is a camera's number or name, a "
        f"picture, a clip, a URL or demo. Nearest: {printable(nearest(str(path), names))}."
    )


def _open_url(
    url: str, paced: bool, loop: bool, on_event: OnEvent | None, hear: Hear | None
) -> Source:
    url = openable(url)
    container = open_container(url, f"stream {public_address(url)}")
    if split(url).scheme in ("http", "https") and container.duration:
        # A file on a server, not a camera.
        return Clip(url, paced=paced, loop=loop, on_event=on_event, container=container, hear=hear)
    return open_stream(url, on_event=on_event, container=container)


def _quiet() -> None:
    """Errors are reported in one sentence of ours; OpenCV's own lines would only surround it."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

"""A camera or a network stream that may stall, vanish and come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import av.error
import cv2
import numpy as np
from av.container import InputContainer

from ...errors import LivedreamError
from ...frame import Frame
from ...pauses import Pauses
from ...slot import Closed, Slot
from . import v4l2
from .address import public_address
from .base import OnEvent, safely
from .camera_controls import set_controls
from .decoding import Decoder, open_container
from .sight import Sight

DEFAULT_SIZE = (640, 480)
STALL = 2.0  # Seconds without a frame after which a camera counts as lost.
LONGEST_PATIENCE = 60.0
FIRST_FRAME = 8.0  # Many cameras need some seconds before their first one.
SLOWEST = 3
"""A source counts as lost only after so many of its usual intervals without a frame."""


class Device(Protocol):
    """The part of cv2.VideoCapture that a camera needs."""

    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, np.ndarray]: ...
    def get(self, propId: int, /) -> float: ...
    def release(self) -> None: ...


class _Handle:
    """One opened device and the thread that reads it.

    A driver may block inside `grab` for ten seconds or for ever, and OpenCV must not release a
    device meanwhile. So a stalled handle is left to its thread, which releases it once it wakes.
    """

    def __init__(self, device: Device, first_index: int) -> None:
        self.device = device
        self.slot: Slot[tuple[Frame, float]] = Slot()
        self.index = first_index
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def abandon(self, wait: float = 0.0) -> None:
        self.slot.close()
        self._thread.join(wait)

    def _run(self) -> None:
        try:
            while not self.slot.closed and self.device.grab():
                captured = time.monotonic()
                good, image = self.device.retrieve()
                if not good:
                    break
                frame = Frame(image, captured, self.index)
                self.index += 1
                self.slot.put((frame, time.monotonic() - captured))
        except cv2.error:
            pass  # Means the same as a failed grab: the device is gone.
        finally:
            self.slot.close()
            self.device.release()


class Camera:
    """Yields the newest frame of a device and gets the device back when it is lost.

    `open_device` opens it or raises LivedreamError. The first opening is done here and its error
    is the caller's; later ones are tried again and again, with growing pauses, while `read`
    blocks and `on_event` gets a sentence about it. Frames that nobody read are skipped.
    """

    live = True

    def __init__(
        self,
        name: str,
        open_device: Callable[[], Device],
        *,
        on_event: OnEvent | None = None,
        stall: float = STALL,
        first_frame: float = FIRST_FRAME,
        retry: Pauses = Pauses(),  # noqa: B008 - it holds two numbers
    ) -> None:
        self.cost = 0.0
        self._name = name
        self._open_device = open_device
        self._tell = safely(on_event)
        self._stall = stall
        self._first_frame = first_frame
        self._retry = retry
        self._stop = threading.Event()
        self._sight = Sight()
        self._patience = first_frame
        self._allowed = stall  # Seconds between two frames, as far as the source is known.
        self._given = 0  # Frames since it was opened last.
        self._seen = 0.0  # When the newest of them was taken.
        device = open_device()
        self._mode = mode(device)
        self._handle: _Handle | None = _Handle(device, 0)

    def describe(self) -> str:
        return f"{self._name}: {self._mode}"

    def read(self) -> Frame | None:
        lost = False
        while not self._stop.is_set():
            handle = self._handle
            if handle is None:
                handle = self._reopen()
                if handle is None:
                    return None
            try:
                newest = handle.slot.take(self._patience)
            except Closed:
                newest = None
            if self._stop.is_set():
                return None
            if newest is None:
                if self._given == 1 and not handle.slot.closed:
                    # Silent after its first frame: gone, or slower than was known.
                    self._allowed = min(2 * self._allowed, LONGEST_PATIENCE)
                self._lose(handle)
                lost = True
                continue
            if lost:
                self._tell(f"{self._name} is back")
            frame, self.cost = newest
            if self._given:
                # A source that gives a frame every few seconds is slow, and not gone.
                usual = SLOWEST * (frame.time - self._seen)
                self._allowed = max(self._stall, min(usual, LONGEST_PATIENCE))
            self._given += 1
            self._seen = frame.time
            self._patience = self._allowed
            news = self._sight.news(frame.image, frame.time)
            if news:
                self._tell(f"{self._name} {news}")
            return frame
        return None

    def gives(self, seconds: float) -> bool:
        """Whether a first frame comes within so many seconds; it is left for `read`."""
        handle = self._handle
        return handle is not None and handle.slot.peek(seconds) is not None

    def close(self) -> None:
        self._stop.set()
        handle = self._handle  # The thread that reads may set it to None meanwhile.
        if handle is not None:
            handle.abandon(wait=1.0)

    def _lose(self, handle: _Handle) -> None:
        handle.abandon()
        self._next_index = handle.index
        self._handle = None
        self._tell(f"{self._name} is lost, retrying")

    def _reopen(self) -> _Handle | None:
        for pause in self._retry:
            if self._stop.wait(pause):
                break
            try:
                device = self._open_device()
            except LivedreamError:
                continue  # Still away: that was told when it was lost.
            self._mode = mode(device)
            self._patience, self._given = self._first_frame, 0
            handle = self._handle = _Handle(device, self._next_index)
            if self._stop.is_set():  # `close` may have looked before there was this handle.
                handle.abandon()
                return None
            return handle
        return None


def mode(device: Device) -> str:
    """What was negotiated, such as "1280x720 MJPG 30 fps". Drivers need not grant a request."""
    width, height = (
        int(device.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    code = int(device.get(cv2.CAP_PROP_FOURCC))
    letters = bytes((code >> shift) & 0xFF for shift in (0, 8, 16, 24)).decode("latin-1").strip()
    fps = device.get(cv2.CAP_PROP_FPS)
    parts = [f"{width}x{height}"]
    if letters.isascii() and letters.isprintable() and letters:
        parts.append(letters)
    if 0 < fps < 1000:
        parts.append(f"{fps:.4g} fps")
    return " ".join(parts)


def open_camera(
    device: v4l2.Device | int,
    size: tuple[int, int] | None = None,
    *,
    fps: int = 30,
    on_event: OnEvent | None = None,
    link: Path | None = None,
    controls: Mapping[str, int] = {},
    set_them: Callable[[Path, Mapping[str, int]], list[str]] = set_controls,
    capture: Callable[..., cv2.VideoCapture] = cv2.VideoCapture,
) -> Camera:
    """The camera `device`, on systems other than Linux its number, asked for `size` (width,
    height) in pixels and `fps` frames a second.

    link: a name that stays when the number changes, such as one of /dev/v4l/by-id. Without it a
    camera that comes back is known by its name and where it is plugged in. controls: name -> value,
    set by `set_them` whenever it was opened; what does not work is told. Raises NoCamera when
    there is none, LivedreamError when it is busy or not ours to open.
    """
    told: list[str] = []
    tell = safely(on_event)
    if isinstance(device, int):
        name, backend = f"camera {device}", cv2.CAP_ANY
    else:
        if not device.captures:
            raise LivedreamError(
                f"{device.path} ({device.name}) gives no pictures; a camera often has several "
                "devices, `livedream doctor` lists those that do."
            )
        name, backend = f"camera {device.path.name.removeprefix('video')}", cv2.CAP_V4L2
        name = f"{name} ({device.name})"
    opened = False

    def place() -> str | int:
        if isinstance(device, int):
            return device
        if link is not None:
            return str(link)
        return str(v4l2.again(device, v4l2.devices()) if opened else device.path)

    def open_device() -> cv2.VideoCapture:
        nonlocal opened
        where = place()
        taken = capture(where, backend)
        if not taken.isOpened():
            taken.release()
            if isinstance(where, str):
                v4l2.query(Path(where))  # Says so if it went away or is forbidden.
                raise LivedreamError(
                    f"{name} is busy: close the program that uses it (`fuser {where}` shows which)."
                )
            raise v4l2.NoCamera(f"There is no {name}, or another program is using it.")
        ask(taken, size or DEFAULT_SIZE, fps)
        problems = set_them(Path(str(where)), controls)
        if problems and problems != told:
            tell(f"Of {name}: {'; '.join(problems)}.")
        told[:] = problems
        opened = True
        return taken

    return Camera(name, open_device, on_event=on_event)


def ask(device: cv2.VideoCapture, size: tuple[int, int], fps: int) -> None:
    """Asks for a size (width, height) and a rate. A driver need not grant it."""
    width, height = size
    # MJPG first: it decides which sizes and rates fit through USB.
    device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    device.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    device.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    device.set(cv2.CAP_PROP_FPS, fps)
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)


class Stream:
    """A network stream in the place of a camera's device."""

    def __init__(self, url: str, container: InputContainer | None = None) -> None:
        name = f"stream {public_address(url)}"
        self._container = container or open_container(url, name)
        try:
            decoder = Decoder(self._container, name, live=True)
            self._rate, self._frames = decoder.rate, iter(decoder)
            self._image: np.ndarray | None = next(self._frames)[0]
        except (av.error.FFmpegError, StopIteration, LivedreamError) as error:
            self.release()
            raise LivedreamError(
                f"{name} gives no picture: check the address and the network."
            ) from error
        self._size = self._image.shape[:2]
        self._fresh = True

    def grab(self) -> bool:
        if self._fresh:
            self._fresh = False
            return True
        try:
            following = next(self._frames, None)
        except (av.error.FFmpegError, OSError):
            following = None
        self._image = following[0] if following else None
        return following is not None

    def retrieve(self) -> tuple[bool, np.ndarray]:
        image = self._image
        return (False, np.empty((0, 0, 3), np.uint8)) if image is None else (True, image)

    def get(self, propId: int, /) -> float:
        facts = {
            cv2.CAP_PROP_FRAME_WIDTH: self._size[1],
            cv2.CAP_PROP_FRAME_HEIGHT: self._size[0],
            cv2.CAP_PROP_FPS: self._rate,
        }
        return float(facts.get(propId, 0))

    def release(self) -> None:
        self._container.close()


def open_stream(
    url: str, *, on_event: OnEvent | None = None, container: InputContainer | None = None
) -> Camera:
    """A live network stream (rtsp, http, ...) that is opened again whenever it breaks off.

    container: already open, for the first time.
    """
    waiting = [container] if container else []

    def open_device() -> Stream:
        return Stream(url, waiting.pop() if waiting else None)

    return Camera(f"stream {public_address(url)}", open_device, on_event=on_event)

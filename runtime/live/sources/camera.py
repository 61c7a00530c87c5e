"""A camera or a network stream that may stall, vanish and come back."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np

from ...errors import LivedreamError
from ...frame import Frame
from ..slot import Closed, Slot
from . import v4l2
from .base import OnEvent

DEFAULT_SIZE = (640, 480)
STALL = 2.0  # Seconds without a frame after which a camera counts as lost.
FIRST_FRAME = 8.0  # Many cameras need some seconds before their first one.
RETRY_FIRST, RETRY_LONGEST = 0.5, 5.0


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
        retry: tuple[float, float] = (RETRY_FIRST, RETRY_LONGEST),
    ) -> None:
        self.cost = 0.0
        self._name = name
        self._open_device = open_device
        self._tell = on_event or (lambda _: None)
        self._stall = stall
        self._first_frame = first_frame
        self._retry = retry
        self._stop = threading.Event()
        self._patience = first_frame
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
                self._lose(handle)
                lost = True
                continue
            if lost:
                self._tell(f"{self._name} is back")
            self._patience = self._stall
            frame, self.cost = newest
            return frame
        return None

    def close(self) -> None:
        self._stop.set()
        if self._handle is not None:
            self._handle.abandon(wait=1.0)

    def _lose(self, handle: _Handle) -> None:
        handle.abandon()
        self._next_index = handle.index
        self._handle = None
        self._tell(f"{self._name} is lost, retrying")

    def _reopen(self) -> _Handle | None:
        pause, longest = self._retry
        while not self._stop.wait(pause):
            pause = min(2 * pause, longest)
            try:
                device = self._open_device()
            except LivedreamError:
                continue  # Still away: that was told when it was lost.
            if self._stop.is_set():
                device.release()
                return None
            self._mode = mode(device)
            self._patience = self._first_frame
            self._handle = _Handle(device, self._next_index)
            return self._handle
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
    number: int,
    size: tuple[int, int] | None = None,
    *,
    fps: int = 30,
    on_event: OnEvent | None = None,
) -> Camera:
    """The camera with that number (on Linux /dev/videoN), asked for `size` (width, height).

    Raises NoCamera when there is none, LivedreamError when it is busy or not ours to open.
    """
    name = f"camera {number}"
    linux = sys.platform.startswith("linux")
    path = Path(f"/dev/video{number}")
    if linux:
        device = v4l2.query(path)
        if not device.captures:
            raise LivedreamError(
                f"{path} ({device.name}) gives no pictures; a camera often has several devices, "
                "`livedream doctor` lists those that do."
            )
        name = f"camera {number} ({device.name})"

    def open_device() -> cv2.VideoCapture:
        capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if linux else cv2.CAP_ANY)
        if not capture.isOpened():
            capture.release()
            if linux:
                v4l2.query(path)  # Says so if it went away or is forbidden.
                raise LivedreamError(
                    f"{name} is busy: close the program that uses it (`fuser {path}` shows which)."
                )
            raise v4l2.NoCamera(f"There is no {name}, or another program is using it.")
        width, height = size or DEFAULT_SIZE
        # MJPG first: it decides which sizes and rates fit through USB.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    return Camera(name, open_device, on_event=on_event)


def open_stream(url: str, *, on_event: OnEvent | None = None) -> Camera:
    """A live network stream (rtsp, http, ...) that is opened again whenever it breaks off."""
    parts = urlsplit(url)
    # The address may carry a password: no message shows it.
    name = f"stream {parts.scheme}://{parts.hostname or ''}{parts.path}"

    def open_device() -> cv2.VideoCapture:
        seconds = 5000
        capture = cv2.VideoCapture(
            url,
            cv2.CAP_FFMPEG,
            [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, seconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, seconds],
        )
        if not capture.isOpened():
            capture.release()
            raise LivedreamError(
                f"{name} does not answer or is no video: check the address and the network."
            )
        return capture

    return Camera(name, open_device, on_event=on_event)

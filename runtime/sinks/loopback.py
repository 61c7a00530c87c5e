"""A virtual camera on Linux: a v4l2loopback device, written as a camera's driver would."""

from __future__ import annotations

import errno
import os
import struct
import sys
from pathlib import Path

import cv2
import numpy as np

from ..errors import LivedreamError
from .sink import Sink

MAKE = (
    "sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback exclusive_caps=1 "
    "card_label=livedream"
)
"""What makes a device; without exclusive_caps browsers do not see it."""

QUERYCAP = 0x80685600
S_FMT = 0xC0D05605
"""VIDIOC_QUERYCAP and VIDIOC_S_FMT of linux/videodev2.h, on 64 bits."""

VIDEO_OUTPUT = 2
"""The kind of buffer that takes pictures, and the capability to."""

YUYV = int.from_bytes(b"YUYV", "little")
PROGRESSIVE = 1
SRGB, BT601, LIMITED = 8, 1, 2
"""Colour space, matrix and range: what readers of a camera expect where nothing is said."""

CAPABILITY = struct.Struct("=16s32s32s3I12x")
FORMAT = struct.Struct("=I4x12I152x")
"""struct v4l2_format with a v4l2_pix_format: kind; width, height, pixel format, field, bytes a
line, bytes, colour space, private, flags, matrix, range, transfer."""

MAGIC = 0xFEEDCAFE
"""In `private`: the fields after it are meant."""


class Loopback(Sink):
    """Writes YUYV, BT.601 in limited range, to the video device at `path`."""

    name = "v4l2"
    fixed = True
    steady = True

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self.name = f"v4l2 {self._path.name}"
        self._device: int | None = None

    def check(self) -> None:
        if not sys.platform.startswith("linux"):
            raise LivedreamError("v4l2 devices are Linux's; use --out camera here.")
        if not self._path.exists():
            raise LivedreamError(f"There is no {self._path}; make one: {MAKE}.")

    def open(self, size: tuple[int, int], rate: float) -> str:
        self.check()
        width, height = size
        try:
            self._device = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
            if not takes_pictures(self._device):
                raise LivedreamError(
                    f"{self._path} is a camera and takes no pictures; make a device that does: "
                    f"{MAKE}."
                )
            asked = FORMAT.pack(
                VIDEO_OUTPUT, width, height, YUYV, PROGRESSIVE, 2 * width, 2 * width * height,
                SRGB, MAGIC, 0, BT601, LIMITED, 0,
            )  # fmt: skip
            granted = FORMAT.unpack(_ioctl(self._device, S_FMT, asked))
        except OSError as error:
            raise LivedreamError(self._trouble(error)) from error
        if granted[1:4] != (width, height, YUYV):
            held = f"{granted[1]}x{granted[2]}"
            raise LivedreamError(
                f"{self._path} does not take {width}x{height}, another program holds it at {held}; "
                f"close that, or say --picture {held}."
            )
        return f"{self._path}, {width}x{height}"

    def send(self, image: np.ndarray, time: float) -> None:
        assert self._device is not None
        try:
            os.write(self._device, cv2.cvtColor(image, cv2.COLOR_BGR2YUV_YUYV).data)
        except BlockingIOError:
            pass  # Its reader has not taken the last one yet; the next is newer.
        except OSError as error:
            raise LivedreamError(self._trouble(error)) from error

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            os.close(device)

    def _trouble(self, error: OSError) -> str:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            return f"{self._path} is no video device; make one: {MAKE}."
        if error.errno == errno.EBUSY:
            return f"{self._path} is busy; close the program that writes to it."
        if error.errno == errno.EACCES:
            return f"{self._path} may not be written by this user; join the group video."
        return f"{self._path} cannot be written ({os.strerror(error.errno or errno.EIO)})."


def takes_pictures(device: int) -> bool:
    """Whether the open video device is one to write to. Raises OSError for no video device."""
    *_, capabilities, own = CAPABILITY.unpack(_ioctl(device, QUERYCAP, bytes(CAPABILITY.size)))
    return bool((own or capabilities) & VIDEO_OUTPUT)


def free_device(folder: Path = Path("/dev")) -> Path | None:
    """The first video device that takes pictures."""
    found = [path for path in folder.glob("video*") if path.name[5:].isdigit()]
    for path in sorted(found, key=lambda path: int(path.name[5:])):
        try:
            device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            if takes_pictures(device):
                return path
        except OSError:
            continue
        finally:
            os.close(device)
    return None


def _ioctl(device: int, request: int, argument: bytes) -> bytes:
    from fcntl import ioctl  # Not on every system.

    return ioctl(device, request, argument)

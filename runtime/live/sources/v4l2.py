"""What Linux says about a video device before OpenCV opens it, so that an error can be precise."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import LivedreamError, UsageError

QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
CAPABILITY = struct.Struct("<16s32s32sIII12x")
VIDEO_CAPTURE = 0x1
DEVICE_CAPS = 0x80000000


class NoCamera(LivedreamError):
    """The camera asked for is not there: nothing is broken, one may play the demo instead."""


class Device(NamedTuple):
    """One /dev/video*: a camera may own several of which only some give pictures. bus: where it is
    plugged in, which tells two cameras of one name apart."""

    path: Path
    name: str
    captures: bool
    bus: str = ""


def parse(path: Path, answer: bytes) -> Device:
    """Reads a `struct v4l2_capability` (104 bytes)."""
    _, card, bus, _, whole, this = CAPABILITY.unpack(answer)
    capabilities = this if whole & DEVICE_CAPS else whole
    return Device(path, _text(card), bool(capabilities & VIDEO_CAPTURE), _text(bus))


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace")


def query(path: Path) -> Device:
    """Asks the device for its name. Raises NoCamera, or LivedreamError if it may not be opened."""
    import fcntl  # Only Unix has it, and only Linux gets here.

    if not path.exists():
        found = [device for device in devices() if device.captures]
        there = ", ".join(f"{device.path} ({device.name})" for device in found)
        raise NoCamera(
            f"There is no camera {path}; "
            + (f"there is {there}." if there else "plug one in, or use --source demo.")
        )
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except PermissionError as error:
        raise LivedreamError(
            f"This user may not open {path}; add the user to the group that owns it "
            "(`sudo usermod -aG video $USER`) and log in again."
        ) from error
    except OSError as error:
        raise LivedreamError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        answer = fcntl.ioctl(handle, QUERYCAP, bytes(CAPABILITY.size))
    except OSError as error:
        raise LivedreamError(f"{path} is not a video device.") from error
    finally:
        os.close(handle)
    return parse(path, answer)


def nodes() -> list[Path]:
    """Every /dev/videoN in order of its number; boards have others, such as video-dec0."""
    found = [path for path in Path("/dev").glob("video*") if path.name[5:].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def devices() -> list[Device]:
    """Every video device that answers, in order of its number."""
    found = []
    for path in nodes():
        try:
            found.append(query(path))
        except LivedreamError:
            continue  # Not for this user, or gone just now: not one to offer.
    return found


def named(name: str, found: Sequence[Device]) -> Device | None:
    """The one camera whose name holds `name`, in any case; None where none does.

    Raises UsageError where several do.
    """
    fitting = [each for each in found if each.captures and name.casefold() in each.name.casefold()]
    if len({(each.name, each.bus) for each in fitting}) > 1:
        there = ", ".join(f"{each.path} ({each.name})" for each in fitting)
        raise UsageError(f"Several cameras are called '{name}': {there}; give one of the paths.")
    return fitting[0] if fitting else None


def again(device: Device, found: Sequence[Device]) -> Path:
    """Where a camera is that was `device`: after it was unplugged it may have another number.

    The one of the same name at the same place is it, else one of the same name; where there is
    none, its old path.
    """
    alike = [each for each in found if each.captures and each.name == device.name]
    places = [each.path for each in alike if each.bus == device.bus]
    if device.path in places:
        return device.path
    return next(iter([*places, *(each.path for each in alike)]), device.path)

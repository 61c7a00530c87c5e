"""What a Linux camera is told beside size and rate: exposure, focus, white balance, flicker."""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ...errors import UsageError

QUERY = 0xC0445624  # _IOWR('V', 36, struct v4l2_queryctrl)
SET = 0xC008561C  # _IOWR('V', 28, struct v4l2_control)
DESCRIPTION = struct.Struct("<II32siiiiI8x")
VALUE = struct.Struct("<Ii")
NEXT = 0x80000000
NOT_TO_SET = 0x1 | 0x4
"""Flags: disabled, read-only."""

HEADING, BUTTON = 6, 4
"""Types that have no value."""

FIRST = ("power_line_frequency", "exposure_dynamic_framerate")
"""What the others depend on; after these comes what is automatic, then what that leaves free."""

Ioctl = Callable[[int, int, bytes], bytes]


class Control(NamedTuple):
    """One that a camera has. name: as `v4l2-ctl --list-ctrls` writes it."""

    id: int
    name: str
    low: int
    high: int


def parse_control(text: str) -> tuple[str, int]:
    """`exposure_time_absolute=250` -> name and value. Raises UsageError for anything else."""
    match = re.fullmatch(r"([A-Za-z0-9_]+)=([+-]?\d{1,9})", text.strip())
    if not match:
        raise UsageError(
            f"{text!r} sets nothing of a camera: write NAME=NUMBER, such as "
            "power_line_frequency=1; `v4l2-ctl --list-ctrls` has the names."
        )
    return match[1].lower(), int(match[2])


def set_controls(path: Path, wanted: Mapping[str, int], ioctl: Ioctl | None = None) -> list[str]:
    """Sets each control that is wanted, name -> value, of the video device at `path`, where it has
    that and takes the value. Returns a phrase for each that was not set.

    ioctl: in place of the system's.
    """
    if not wanted:
        return []
    if not sys.platform.startswith("linux"):
        return ["controls are set on Linux alone"]
    if ioctl is None:
        from fcntl import ioctl  # Only Unix has it.
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return [f"no control is set ({error.strerror})"]
    try:
        there = {each.name: each for each in _controls(handle, ioctl)}
        problems = [
            _set(handle, ioctl, there.get(name), name, wanted[name])
            for name in sorted(wanted, key=_turn)
        ]
        if any(name not in there for name in wanted):
            problems.append("it has " + (", ".join(there) or "no controls"))
        return [each for each in problems if each]
    finally:
        os.close(handle)


def _turn(name: str) -> int:
    """Where in the row a control is set; those of one turn stay in the order that was said."""
    if name in FIRST:
        return 0
    return 1 if "auto" in name else 2


def _set(handle: int, ioctl: Ioctl, control: Control | None, name: str, value: int) -> str:
    """A phrase where that did not work, else nothing."""
    if control is None:
        return f"there is no {name}"
    if not control.low <= value <= control.high:
        return f"{name} goes from {control.low} to {control.high}"
    try:
        taken = VALUE.unpack(ioctl(handle, SET, VALUE.pack(control.id, value)))[1]
    except OSError as error:
        return f"{name}={value} is not taken ({error.strerror})"
    return "" if taken == value else f"{name} became {taken}"


def _controls(handle: int, ioctl: Ioctl) -> Iterator[Control]:
    last = 0
    while True:
        try:
            asked = DESCRIPTION.pack(last | NEXT, 0, b"", 0, 0, 0, 0, 0)
            found, kind, name, low, high, _, _, flags = DESCRIPTION.unpack(
                ioctl(handle, QUERY, asked)
            )
        except OSError:
            return  # There are no more.
        if found <= last:
            return  # A driver that goes in circles.
        last = found
        if kind not in (HEADING, BUTTON) and not flags & NOT_TO_SET:
            text = name.split(b"\0")[0].decode("utf-8", "replace").lower()
            yield Control(found, re.sub(r"[^a-z0-9]+", "_", text).strip("_"), low, high)

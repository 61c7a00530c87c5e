"""The screens of this machine, and what makes a window fill one of them for a public."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...errors import UsageError, nearest
from ..sources.desktop import grabber


@dataclass(frozen=True)
class Monitor:
    """One screen. name: of its output, such as HDMI-1. The rest in pixels of the whole desktop."""

    name: str
    left: int
    top: int
    width: int
    height: int


def monitors() -> list[Monitor]:
    """All that are there. Raises LivedreamError where nobody can tell."""
    with grabber() as found:
        return [
            Monitor(
                each.get("output") or each.get("name") or f"screen {number}",
                each["left"], each["top"], each["width"], each["height"],
            )
            for number, each in enumerate(found.monitors[1:], 1)
        ]  # fmt: skip


def find_monitor(spec: str, found: Sequence[Monitor]) -> Monitor:
    """The screen that `spec` names, by its place counted from 1 or by its name. Raises
    UsageError for one that is not there."""
    if spec.isdecimal():
        if 0 < int(spec) <= len(found):
            return found[int(spec) - 1]
    else:
        for each in found:
            if each.name.casefold() == spec.casefold():
                return each
    names = [each.name for each in found]
    near = nearest(spec, names) if names else "none"
    raise UsageError(f"There is no screen {spec}; this machine has {len(found)}, nearest: {near}.")


@contextmanager
def awake() -> Iterator[None]:
    """While inside, the machine neither sleeps nor blanks its screens, as far as it can be told."""
    if sys.platform == "win32":
        continuous, system, display = 0x80000000, 1, 2
        kernel = ctypes.windll.kernel32
        kernel.SetThreadExecutionState(continuous | system | display)
        try:
            yield
        finally:
            kernel.SetThreadExecutionState(continuous)
        return
    command = keeper(os.getpid())
    child = (
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if command
        else None
    )
    try:
        yield
    finally:
        if child:
            child.terminate()
            child.wait()


def keeper(pid: int) -> list[str]:
    """The command that keeps this machine awake until process `pid` ends; empty where it has
    none."""
    if sys.platform == "darwin":
        return ["caffeinate", "-dims", "-w", str(pid)]
    if shutil.which("systemd-inhibit"):
        return [
            "systemd-inhibit", "--what=idle:sleep", "--who=livedream", "--why=A show plays",
            "tail", f"--pid={pid}", "-f", "/dev/null",
        ]  # fmt: skip
    return []


def sleeps() -> str | None:
    """Why this machine may fall asleep while a show plays; None where it is kept awake."""
    if sys.platform in ("win32", "darwin"):
        return None
    command = keeper(os.getpid())
    if not command:
        return "systemd-inhibit is not installed"
    try:
        done = subprocess.run([*command[:4], "true"], capture_output=True, text=True, timeout=5)
    except subprocess.TimeoutExpired:
        return "systemd-inhibit does not answer"
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines() or ["it fails"]
    return f"systemd-inhibit: {said[-1]}"


def hide_pointer(title: str) -> bool:
    """Hide the mouse pointer while it is over the window with this title. Returns whether that
    worked: under X it does; elsewhere OpenCV gives no way."""
    try:
        x = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x.XOpenDisplay.restype = ctypes.c_void_p
    for name in ("XDefaultRootWindow", "XCreateBitmapFromData", "XCreatePixmapCursor"):
        getattr(x, name).restype = ctypes.c_ulong
    display = ctypes.c_void_p(x.XOpenDisplay(None))
    if not display:
        return False
    window = _named(x, display, ctypes.c_ulong(x.XDefaultRootWindow(display)), title.encode())
    if window is None:
        x.XCloseDisplay(display)
        return False
    empty = ctypes.c_ulong(x.XCreateBitmapFromData(display, window, b"\0", 1, 1))
    colour = ctypes.create_string_buffer(16)  # An XColor; nothing is drawn with it.
    cursor = ctypes.c_ulong(x.XCreatePixmapCursor(display, empty, empty, colour, colour, 0, 0))
    x.XDefineCursor(display, window, cursor)
    x.XCloseDisplay(display)
    return True


def _named(
    x: ctypes.CDLL, display: ctypes.c_void_p, window: ctypes.c_ulong, title: bytes
) -> ctypes.c_ulong | None:
    """The first window with that name, `window` or below it."""
    name = ctypes.c_char_p()
    if x.XFetchName(display, window, ctypes.byref(name)):
        found = name.value
        x.XFree(name)
        if found == title:
            return window
    root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
    children = ctypes.POINTER(ctypes.c_ulong)()
    pointers = map(ctypes.byref, (root, parent, children, count))
    if not x.XQueryTree(display, window, *pointers):
        return None
    try:
        for place in range(count.value):
            below = _named(x, display, ctypes.c_ulong(children[place]), title)
            if below is not None:
                return below
    finally:
        if children:
            x.XFree(children)
    return None

"""Is there a screen to open a window on? Qt ends the whole process when there is none, so it is
asked before."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import cv2

from ...errors import TRY_LATER, LivedreamError

# Kept open: a bare X server resets when its last client leaves, and would do so just while Qt
# connects after us.
_connections: dict[str, int] = {}
INSTEAD = "use --headless, with --record OUT.mp4 to keep the dream"


def require_display() -> None:
    """Raises LivedreamError, with what to do instead, when no window can be opened here."""
    problem = display_problem()
    if problem:
        raise LivedreamError(f"No window can be opened: {problem}; {INSTEAD}.")


def share_xlib() -> None:
    """Has Qt set up the Xlib that is installed, before it is loaded. Does nothing elsewhere.

    OpenCV's wheels bring the small library libX11-xcb along but not libX11, whose private fields
    it writes: where they are of different versions, Xlib goes on to take events out of Qt's queue,
    and a window that never heard that it is on screen stays black. The one beside libX11 fits it.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError):  # Without it Qt has its own, which may fit.
            ctypes.CDLL("libX11-xcb.so.1", mode=ctypes.RTLD_GLOBAL)


@contextmanager
def told_at_its_end() -> Iterator[None]:
    """While the block runs: where the display goes away, the process ends with a sentence and code
    TRY_LATER. Left alone, the toolkit would end it by C's `exit`, and abort threads that work."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        yield
        return
    inside, owner = True, ctypes.create_string_buffer(1)

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def end(_: object) -> None:
        if inside:
            with suppress(OSError):
                os.write(2, b"livedream: The display is gone.\n")
            os._exit(TRY_LATER)

    libc.__cxa_atexit(end, None, owner)
    try:
        yield
    finally:
        inside = False
        libc.__cxa_finalize(owner)  # Calls `end` for the last time.


def display_problem() -> str | None:
    """Why no window can be opened, as the middle of a sentence; None when one can."""
    framework = cv2.currentUIFramework()
    if not framework:
        return (
            "this OpenCV was built without windows (opencv-python-headless); install "
            "opencv-python in its place"
        )
    if not sys.platform.startswith("linux"):
        return None
    if framework.startswith("GTK") and os.environ.get("WAYLAND_DISPLAY"):
        return None
    name = os.environ.get("DISPLAY")
    if not name:
        if os.environ.get("WAYLAND_DISPLAY"):
            return "OpenCV's windows need X and this Wayland session offers none (no XWayland)"
        return "there is no display (DISPLAY is not set)"
    return _x_problem(name)


def _x_problem(name: str) -> str | None:
    """Connects as Qt would, permissions included, through the library that Qt uses as well."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return "the library libxcb.so.1 is missing (Debian and Ubuntu: apt install libxcb1)"
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = _connections.get(name) or xcb.xcb_connect(name.encode(), None)
    if connection == _connections.get(name):
        # Where its server is gone, an old one finds out by reading.
        xcb.xcb_poll_for_event.restype = ctypes.c_void_p
        while event := xcb.xcb_poll_for_event(ctypes.c_void_p(connection)):
            ctypes.CDLL(None).free(ctypes.c_void_p(event))
    if xcb.xcb_connection_has_error(connection):
        _connections.pop(name, None)
        xcb.xcb_disconnect(connection)  # Also frees one that failed.
        return f"the display {name} does not answer or refuses this user"
    _connections[name] = connection
    return None

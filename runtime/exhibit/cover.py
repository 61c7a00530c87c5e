"""What the public sees while there is no show: a process with one window that lies under the
show's and holds a copy of the screen, so that a show that is gone leaves its last picture.

    python -m livedream.runtime.exhibit.cover [LEFT TOP WIDTH HEIGHT]

It reads words from its standard input and ends with it: `under` lies beneath everything and copies
the screen now and then, `over` lies above everything with the last picture, `black` forgets that.
The X server keeps the picture, inside its own memory, and paints it; nothing is written anywhere.
"""

from __future__ import annotations

import ctypes
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from ..live.window.kiosk import QuietScreen

EVERY = 0.5
"""Seconds between two copies. The older one of two is what is left of a show: the newer may show
how it went."""

NAME = b"livedream: cover"
_OVERRIDE_REDIRECT = 1 << 9
_INCLUDE_INFERIORS = 1
_COMMAND = (sys.executable, "-m", "livedream.runtime.exhibit.cover")


class Cover:
    """The process, from the keeper's side. Whatever happens to it, nothing is raised: a show goes
    on without one, and the next word starts another.

    place: (left, top, width, height) on the screen; None for all of it.
    """

    def __init__(self, place: tuple[int, int, int, int] | None = None) -> None:
        self._place = place or ()
        self._process: subprocess.Popen[bytes] | None = None

    def say(self, word: str) -> None:
        """`under`, `over` or `black`."""
        with suppress(OSError):
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._process = subprocess.Popen(
                    [*_COMMAND, *map(str, self._place)], stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
            assert self._process.stdin
            self._process.stdin.write(f"{word}\n".encode())
            self._process.stdin.flush()

    def close(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            with suppress(OSError):
                process.communicate()


class _Attributes(ctypes.Structure):
    """XSetWindowAttributes."""

    _fields_ = [
        ("background_pixmap", ctypes.c_ulong), ("background_pixel", ctypes.c_ulong),
        ("border_pixmap", ctypes.c_ulong), ("border_pixel", ctypes.c_ulong),
        ("bit_gravity", ctypes.c_int), ("win_gravity", ctypes.c_int),
        ("backing_store", ctypes.c_int), ("backing_planes", ctypes.c_ulong),
        ("backing_pixel", ctypes.c_ulong), ("save_under", ctypes.c_int),
        ("event_mask", ctypes.c_long), ("do_not_propagate_mask", ctypes.c_long),
        ("override_redirect", ctypes.c_int), ("colormap", ctypes.c_ulong),
        ("cursor", ctypes.c_ulong),
    ]  # fmt: skip


class Screen:
    """A window of its own on the X display, without borders, that no window manager sees, black at
    first. Raises OSError where there is no display."""

    def __init__(self, place: Sequence[int] = ()) -> None:
        self._x = x = ctypes.CDLL("libX11.so.6")
        for name in ("XOpenDisplay", "XRootWindow", "XCreateSimpleWindow", "XCreatePixmap",
                     "XCreateGC"):  # fmt: skip
            getattr(x, name).restype = ctypes.c_void_p
        x.XOpenDisplay.argtypes = [ctypes.c_char_p]
        display = x.XOpenDisplay(os.environ.get("DISPLAY", "").encode() or None)
        if not display:
            raise OSError("there is no X display")
        self._display = ctypes.c_void_p(display)
        screen = x.XDefaultScreen(self._display)
        self._root = ctypes.c_ulong(x.XRootWindow(self._display, screen))
        whole = (0, 0, x.XDisplayWidth(self._display, screen),
                 x.XDisplayHeight(self._display, screen))  # fmt: skip
        left, top, self._width, self._height = place or whole
        self._left, self._top = left, top
        depth = x.XDefaultDepth(self._display, screen)
        self._window = ctypes.c_ulong(
            x.XCreateSimpleWindow(
                self._display, self._root, left, top, self._width, self._height, 0,
                ctypes.c_ulong(0), ctypes.c_ulong(0),
            )
        )  # fmt: skip
        attributes = _Attributes(override_redirect=1)
        x.XChangeWindowAttributes(
            self._display, self._window, ctypes.c_ulong(_OVERRIDE_REDIRECT),
            ctypes.byref(attributes),
        )  # fmt: skip
        x.XStoreName(self._display, self._window, NAME)
        self._copies = [
            ctypes.c_ulong(
                x.XCreatePixmap(self._display, self._root, self._width, self._height, depth)
            )
            for _ in range(2)
        ]
        self._pen = ctypes.c_void_p(x.XCreateGC(self._display, self._root, ctypes.c_ulong(0), None))
        x.XSetGraphicsExposures(self._display, self._pen, 0)
        x.XSetSubwindowMode(self._display, self._pen, _INCLUDE_INFERIORS)
        self.forget()
        x.XMapWindow(self._display, self._window)

    def copy(self) -> None:
        """Keep what is on the screen; beneath the show now lies what was kept before."""
        x = self._x
        self._copies.reverse()
        older, newer = self._copies
        x.XSetWindowBackgroundPixmap(self._display, self._window, older)
        x.XCopyArea(
            self._display, self._root, newer, self._pen, self._left, self._top, self._width,
            self._height, 0, 0,
        )  # fmt: skip
        x.XSync(self._display, 0)

    def forget(self) -> None:
        """Black again."""
        for copy in self._copies:
            self._x.XFillRectangle(self._display, copy, self._pen, 0, 0, self._width, self._height)
        self._x.XSetWindowBackgroundPixmap(self._display, self._window, self._copies[0])

    def lie(self, over: bool) -> None:
        """Above everything, or beneath it."""
        x = self._x
        (x.XRaiseWindow if over else x.XLowerWindow)(self._display, self._window)
        x.XClearWindow(self._display, self._window)
        x.XSync(self._display, 0)


def main(place: Sequence[int]) -> None:
    try:
        screen = Screen(place)
    except OSError:
        return
    quiet = QuietScreen()
    under = False
    while True:
        if not select.select([0], [], [], EVERY)[0]:
            if under:
                screen.copy()
            continue
        words = os.read(0, 4096).split()
        if not words:
            break
        if b"black" in words:
            screen.forget()
        under = words[-1] == b"under"
        screen.lie(not under)
    quiet.close()


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])

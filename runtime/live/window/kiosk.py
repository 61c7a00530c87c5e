"""For a window before the public: keys that do nothing, no cursor, a screen that stays on."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable

from ...control.keys import Binding, binding_for

WORD = "chimp"
"""Typed within TYPING seconds it unlocks the keys for OPEN seconds. A person who leans on the
keyboard does not type it."""

TYPING = 4.0
OPEN = 60.0

_CHORD = [binding_for(ord(letter)) for letter in WORD]


class Lock:
    """Lets keys pass only for a while after WORD was typed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._typed: list[tuple[Binding, float]] = []
        self._until = 0.0

    def lets(self, binding: Binding) -> bool:
        """Whether the key that was pressed may do what it does."""
        now = self._clock()
        if now < self._until:
            return True
        self._typed = [*self._typed, (binding, now)][-len(WORD) :]
        if [each for each, _ in self._typed] == _CHORD and now - self._typed[0][1] <= TYPING:
            self._until, self._typed = now + OPEN, []
        return False

    @property
    def open(self) -> bool:
        return self._clock() < self._until


class QuietScreen:
    """Without blanking, and without a `cursor`, for as long as this is open. X forgets both with
    the connection, so nothing is left behind by a program that was killed.

    missing: what could not be done here, for people; empty where all could.
    """

    def __init__(self, cursor: bool = False) -> None:
        """cursor: whether it stays."""
        self.missing: list[str] = []
        stays = "blanking stays" if cursor else "cursor and blanking stay"
        self._display: int | None = None
        try:
            self._x11 = ctypes.CDLL("libX11.so.6")
        except OSError:
            self.missing.append(f"libX11.so.6 is not installed: {stays}")
            return
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
        self._x11.XDefaultRootWindow.restype = ctypes.c_ulong
        for name in ("XDefaultRootWindow", "XSync", "XCloseDisplay"):
            more = [ctypes.c_int] if name == "XSync" else []
            getattr(self._x11, name).argtypes = [ctypes.c_void_p, *more]
        self._display = self._x11.XOpenDisplay(os.environ.get("DISPLAY", "").encode() or None)
        if not self._display:
            self.missing.append(f"there is no X display: {stays}")
            return
        root = self._x11.XDefaultRootWindow(self._display)
        if not cursor:
            self._do("libXfixes.so.3", "XFixes", "XFixesHideCursor", ctypes.c_ulong(root))
        self._do("libXss.so.1", "XScreenSaver", "XScreenSaverSuspend", ctypes.c_int(1))
        self._x11.XSync(self._display, 0)

    def close(self) -> None:
        if self._display:
            self._x11.XCloseDisplay(self._display)
            self._display = None

    def _do(self, library: str, extension: str, name: str, argument: object) -> None:
        """Calls `name` of an extension, where library and server have it."""
        wanted = "the cursor stays" if extension == "XFixes" else "the screen may go blank"
        try:
            loaded = ctypes.CDLL(library)
        except OSError:
            self.missing.append(f"{library} is not installed: {wanted}")
            return
        event, error = ctypes.c_int(), ctypes.c_int()
        query = getattr(loaded, f"{extension}QueryExtension")
        query.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        if not query(self._display, ctypes.byref(event), ctypes.byref(error)):
            self.missing.append(f"the X server knows no {extension}: {wanted}")
            return
        getattr(loaded, name).argtypes = [ctypes.c_void_p, type(argument)]
        getattr(loaded, name)(self._display, argument)

"""The window: shows a picture at its right aspect, with overlays, and tells what was asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import cv2
import numpy as np

from ...control.keys import QUIT, Binding, binding_for
from ...errors import LivedreamError
from ...scaling import fit, letterbox
from .monitors import Monitor, hide_pointer
from .screen import require_display, share_xlib

Overlay = Callable[[np.ndarray], np.ndarray]
LARGEST_START = (1280, 720)
SMALLEST_START = 480
REDRAW = 0.1
"""Seconds after which a picture that is shown already is drawn again, for overlays that change."""


class Window:
    """A resizable window. All calls belong to the main thread, as OpenCV demands.

    image_size: (width, height) of the pictures to come; the window starts at a whole multiple.
    monitor: the screen that it fills without borders, the pointer hidden.
    Raises LivedreamError when there is no display or OpenCV has no windows.
    """

    def __init__(
        self,
        title: str = "livedream",
        image_size: tuple[int, int] = (640, 480),
        monitor: Monitor | None = None,
    ) -> None:
        require_display()
        share_xlib()
        # Qt tells of missing fonts and plugins at every start; nobody can act on that.
        os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false;*.info=false")
        self._name = title
        self._fullscreen = False
        self._shown: np.ndarray | None = None
        self._drawn = ((0, 0), 0.0)  # Size of the newest drawing, and when it was made.
        self._size = starting_size(image_size)
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
            if monitor:
                cv2.moveWindow(title, monitor.left, monitor.top)
                self._size = monitor.width, monitor.height
            cv2.resizeWindow(title, *self._size)
        except cv2.error as error:
            raise LivedreamError(f"OpenCV cannot open a window: {error.err}.") from error
        if monitor:
            self.toggle_fullscreen()
            cv2.waitKeyEx(1)  # The window is there once its events were handled.
            hide_pointer(title)

    @property
    def closed(self) -> bool:
        """Whether the person closed the window by its frame, or `close` did."""
        if not self._name:
            return True
        try:
            return cv2.getWindowProperty(self._name, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:  # Some backends raise for a window that is gone.
            return True

    @property
    def fullscreen(self) -> bool:
        return self._fullscreen

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the drawn area, in pixels of the screen."""
        _, _, width, height = cv2.getWindowImageRect(self._name)
        if width > 0 and height > 0:
            self._size = width, height
        return self._size

    def show(self, image: np.ndarray, overlay: Overlay | None = None) -> None:
        """Shows uint8 BGR [height, width, 3] as large as fits, bars around it.

        overlay: draws on the picture at window size, so that text is as sharp as the screen.
        The same array again is drawn only every REDRAW seconds, or at once at another size: where
        dreams are slow, drawing would take the processor from them. Does nothing once the window
        is closed: OpenCV would open it again.
        """
        if self._shown is not None and self.closed:
            return
        size, now = self.size, time.monotonic()
        drawn, at = self._drawn
        if image is self._shown and size == drawn and now - at < REDRAW:
            return
        canvas = letterbox(image, size)
        cv2.imshow(self._name, overlay(canvas) if overlay else canvas)
        self._shown, self._drawn = image, (size, now)

    def poll(self, wait_ms: int = 1) -> Binding | None:
        """Handles the window's events and returns the binding of a key that was pressed, if any.

        Closing the window by its frame is `QUIT`. Waits up to `wait_ms` for a key.
        """
        binding = binding_for(cv2.waitKeyEx(max(1, wait_ms)))
        if self._shown is not None and self.closed:
            return QUIT
        return binding

    def toggle_fullscreen(self) -> None:
        self._fullscreen = not self._fullscreen
        cv2.setWindowProperty(
            self._name,
            cv2.WND_PROP_FULLSCREEN,
            cv2.WINDOW_FULLSCREEN if self._fullscreen else cv2.WINDOW_NORMAL,
        )

    def close(self) -> None:
        """May be called twice."""
        if not self.closed:
            cv2.destroyWindow(self._name)
            cv2.waitKeyEx(1)  # Some backends close only while they handle events.
        self._name = ""

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def starting_size(image_size: tuple[int, int]) -> tuple[int, int]:
    """A whole multiple of the picture that is comfortable to look at and fits most screens."""
    width, height = image_size
    factor = 1
    while height * factor < SMALLEST_START:
        factor += 1
    while factor > 1 and (width * factor > LARGEST_START[0] or height * factor > LARGEST_START[1]):
        factor -= 1
    if width * factor > LARGEST_START[0] or height * factor > LARGEST_START[1]:
        return fit(width, height, LARGEST_START)
    return width * factor, height * factor

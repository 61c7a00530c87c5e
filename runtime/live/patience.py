"""Single failures pass: a frame is left out, and only many in a row end a show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..errors import LivedreamError, sentence

MOST = 100
"""Frames in a row that may fail before the show ends."""


class Patience:
    """Bears frames that fail until MOST of them come in a row.

    fate: what could not be done to them, such as "dreamt". notify: hears each reason once. last:
    the newest reason.
    """

    def __init__(self, fate: str, notify: Callable[[str], None]) -> None:
        self.last: LivedreamError | None = None
        self._fate, self._notify = fate, notify
        self._in_a_row = 0
        self._told: deque[str] = deque(maxlen=50)

    def passed(self) -> None:
        """One more frame went well."""
        self._in_a_row = 0

    def failed(self, error: Exception, *, told: bool = False) -> None:
        """One more frame is left out because of `error`. told: that was said already. Raises
        LivedreamError where it is the one too many."""
        self._in_a_row += 1
        why = sentence(error)
        self.last = LivedreamError(why)
        if self._in_a_row == MOST:
            raise LivedreamError(
                f"{MOST} frames in a row could not be {self._fate}; the last: {why}"
            ) from error
        if not told and why not in self._told:
            self._told.append(why)
            self._notify(f"A frame was not {self._fate}: {why}")

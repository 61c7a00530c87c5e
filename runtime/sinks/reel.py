"""A recording while it grows: pictures at their own times or at a rate, the sound beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ..control.audio.analysis import RATE
from .encoding import TICK, Video
from .formats import Encoder, Form
from .soundtrack import Sound, Soundtrack

SLOWEST = 25.0
"""Pictures a second from which on the places of a rate are near enough to the sound: a picture is
at most half of 40 ms from its own."""


class Film:
    """One file. start: when its first picture was shown, in seconds of the clock that sounds are
    told by; None for a file without sound. rate: pictures a second, the newest one repeated where
    none came; None keeps every one at its own time. comment: what is said about it in the file. The
    rest and what is raised as of `Video`.

    At a rate the pictures lie evenly, each in the place nearest to its time. Beside a sound and at
    less than SLOWEST they keep their own times, no more than one in the span of each place.

    written: pictures in the file. ticks: TICKs up to the newest picture.
    """

    def __init__(
        self,
        path: Path,
        form: Form,
        encoder: Encoder,
        first: np.ndarray,
        fps: float,
        *,
        rate: float | None = None,
        start: float | None = None,
        comment: str = "",
    ) -> None:
        self.written = self.ticks = 0
        self._rate, self._start = rate, start or 0.0
        self._even = start is None or not rate or rate >= SLOWEST
        self._held: np.ndarray | None = None
        self._track = Soundtrack(start) if start is not None else None
        sound = RATE if self._track else 0
        self._video = Video(path, form, first, rate or fps, encoder, comment=comment, sound=sound)

    def show(self, image: np.ndarray, tick: int) -> bool:
        """A picture for `tick`. Returns False, and does nothing, for one that is no later than the
        one before."""
        if self._held is not None and tick <= self.ticks:
            return False
        for each, at in self._due(image, tick):
            self.written += self._video.write(each, at)
        self._held, self.ticks = image, tick
        if self._track:
            self._video.hear(self._track.until(self._start + tick * float(TICK)))
        return True

    def hear(self, sounds: Iterable[Sound]) -> None:
        """What was heard, in order."""
        if self._track:
            for sound in sounds:
                self._video.hear(self._track.feed(sound))

    def finish(self) -> None:
        """Complete the file."""
        if self._rate and self._held is not None:
            self.written += self._video.write(self._held, self._at(self.written))
        if self._track:
            end = self._start + self.ticks * float(TICK)
            self._video.hear(self._track.until(end, behind=0.0))
        self._video.finish()

    def close(self) -> None:
        """Let go of the file; after `finish` this does nothing."""
        self._video.close()

    def _due(self, image: np.ndarray, tick: int) -> Iterator[tuple[np.ndarray, int]]:
        """What is to be written once a picture for `tick` is there."""
        if not self._rate:
            yield image, tick
        elif self._held is not None:
            while self._place(self.written + 0.5) < tick:
                yield self._held, self._at(self.written)

    def _at(self, number: int) -> int:
        """When the picture that is held is shown, as the one of that number."""
        place = self._place(number)
        if self._even or self.ticks <= self._place(number - 0.5):
            return place  # It is repeated.
        return self.ticks

    def _place(self, number: float) -> int:
        assert self._rate
        return round(number / (self._rate * float(TICK)))

"""A video file, played at its own times."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av.error
import numpy as np
from av.container import InputContainer

from ...errors import LivedreamError
from ...frame import Frame
from ...pauses import Pauses
from ...sinks.soundtrack import Sound
from ...store.footage import cut_off
from .address import public_address
from .base import OnEvent, safely
from .clip_sound import ClipSound
from .decoding import Decoder, open_container

QUICKEST = 1 / 480
"""Seconds between two frames at least, whatever a file says."""

PATIENCE = 0.1
"""Seconds of delay that are caught up; what is later than that plays on from there."""

LAST = 1 / 30
"""Seconds that the last frame of a loop stays, where the clip does not tell its rate."""


Hear = Callable[["Clip", Sound], None]
"""Gets a clip and what is heard of it."""


class Clip:
    """The frames of a video file or of a finite video behind a URL, each at its own time.

    paced: False yields as fast as they decode. loop: starts over at the end; where the file cannot
    be opened again (a share that blinks), the last picture stays and it is tried again.
    on_event: gets a sentence about that, and, once, where a clip is damaged or breaks off.
    hear: gets the sound as far as the picture is; nobody decodes it without.
    Raises LivedreamError for what is no clip.
    """

    live = False

    def __init__(
        self,
        address: str,
        *,
        paced: bool = True,
        loop: bool = False,
        on_event: OnEvent | None = None,
        container: InputContainer | None = None,
        hear: Hear | None = None,
    ) -> None:
        """container: already open, in place of opening `address`."""
        self.cost = 0.0
        self._address = address
        remote = "://" in address
        self._name = Path(public_address(address)).name if remote else Path(address).name
        self._shown = public_address(address) if remote else printable(address)
        self._loop, self._paced = loop, paced
        self._tell = safely(on_event)
        self._hear = hear
        self._sound: ClipSound | None = None
        self._lock = threading.Lock()  # A container must not be closed while it is read.
        self._stop = threading.Event()
        self._broken = self._damaged = False  # What was told.
        self._next = 0
        self._start: float | None = None  # When the clip's time 0 is, of time.monotonic().
        self._time = 0.0  # Of the newest frame, in the clip.
        self._container: InputContainer | None = container
        self._open()
        self._ahead = next(self._frames, None)
        if self._ahead is None:
            self.close()
            raise LivedreamError(
                f"{self._shown} holds no frame that can be read: it is empty, damaged or of "
                "another kind."
            )
        self._shape = self._ahead[0].shape[:2]

    def describe(self) -> str:
        height, width = self._shape
        rate = f" {self._rate:.4g} fps" if 0 < self._rate < 1 / QUICKEST else ""
        return f"clip {printable(self._name)}: {width}x{height}{rate}"

    def read(self) -> Frame | None:
        start = time.monotonic()
        with self._lock:
            following = None if self._stop.is_set() else self._following()
            if following is None:
                self._play_sound(self._time + self._usual)
        if following is None and self._loop and not self._stop.is_set():
            following = self._begin_anew()
        if following is None:
            return None
        self.cost = time.monotonic() - start
        image, at = following
        due = self._due(at)
        with self._lock:
            self._play_sound(at)
        if self._paced and self._stop.wait(max(0.0, due - time.monotonic())):
            return None
        index = self._next
        self._next += 1
        # With its sound it stands for the moment at which it was due, however late it comes.
        moment = due if self._hear else max(due, start)
        return Frame(image, moment if self._paced else start, index)

    def close(self) -> None:
        self._stop.set()
        # A server that does not answer holds the reader, which then closes the file itself.
        if self._lock.acquire(timeout=0.2):
            try:
                self._release()
            finally:
                self._lock.release()

    def _following(self) -> tuple[np.ndarray, float] | None:
        following, self._ahead = self._ahead, None
        following = following or next(self._frames, None)
        if self._stop.is_set():
            self._release()
        return following

    def _begin_anew(self) -> tuple[np.ndarray, float] | None:
        """The first frame of the next round, however often it takes to open the file again."""
        # The last frame stays as long as others do.
        tail = self._usual
        if self._start is not None:
            self._start += self._time + tail
        self._time = -tail
        lost = False
        for pause in Pauses():
            try:
                with self._lock:
                    self._release()
                    self._open()
                    first = next(self._frames, None)
            except LivedreamError:
                first = None
            if first is not None:
                if lost:
                    self._tell(f"{self._shown} is back")
                return first
            if not lost:
                self._tell(f"{self._shown} cannot be opened again, retrying")
            lost = True
            if self._stop.wait(pause):
                return None
        return None

    def _due(self, at: float) -> float:
        """When the frame at `at` seconds of the clip is to be shown, of time.monotonic()."""
        now = time.monotonic()
        at = max(at, self._time + QUICKEST) if self._start is not None else at
        if self._start is None or now - (self._start + at) > PATIENCE:
            self._start = now - at
        self._time = at
        return self._start + at

    def _play_sound(self, until: float) -> None:
        """Everything that is heard up to `until` seconds of the clip."""
        if self._hear is None or self._start is None or self._stop.is_set():
            return
        if self._sound is None:
            try:
                self._sound = ClipSound(self._address, self._shown, self._decoder.begin)
            except LivedreamError as error:
                self._hear = None
                self._tell(f"Without sound: {error}")
                return
        for samples, end in self._sound.until(until):
            self._hear(self, Sound(samples, self._start + end, exact=True))

    def _open(self) -> None:
        if self._container is None:
            self._container = open_container(self._address, self._shown)
        decoder = self._decoder = Decoder(self._container, self._shown, self._damage)
        self._rate = decoder.rate
        self._frames = self._readable(decoder)

    def _readable(self, decoder: Decoder) -> Iterator[tuple[np.ndarray, float]]:
        """The frames until the end, or as far as the file can be read: what is there plays."""
        end, whole = 0.0, True
        try:
            for image, end in decoder:
                yield image, end
        except (av.error.FFmpegError, OSError):
            whole = False
        said = cut_off(self._shown, end + self._usual, decoder.length, whole=whole)
        if said and not self._broken:
            self._broken = True
            self._tell(said)

    def _damage(self, text: str) -> None:
        if not self._damaged:
            self._damaged = True
            self._tell(text)

    @property
    def _usual(self) -> float:
        """Seconds that a frame stays, as far as the clip tells."""
        return 1 / self._rate if 0 < self._rate < 1 / QUICKEST else LAST

    def _release(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None
        if self._sound is not None:
            self._sound.close()
            self._sound = None
        self._frames: Iterator[tuple[np.ndarray, float]] = iter(())


def printable(name: str) -> str:
    """A file's name as it may be told: what is no text, or would move a terminal, is shown as ?."""
    return "".join(
        each if each.isprintable() else "?" for each in name.encode("utf-8", "replace").decode()
    )

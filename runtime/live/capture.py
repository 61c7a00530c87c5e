"""The newest frame of whatever source plays, and the way from one source to the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from ..errors import LivedreamError
from ..frame import Frame, as_picture
from ..slot import Slot
from ..stats import Stats
from .crossfade import Crossfade
from .reading import Reading
from .sources.base import Source

SHOWN = 2
"""Frames that wait to be shown: the one that a late picture would be missing, and the newest."""

LATE = 0.06
"""Seconds without a frame of the source that comes, after which one of the source that goes
carries a crossfade on."""


@dataclass
class _Fade:
    """From what played to what plays. reading: of what goes; None where that is the picture that
    stood there. frame: its newest."""

    reading: Reading | None
    frame: Frame
    begun: float
    seconds: float

    def share(self, now: float) -> float:
        """Of what comes, 0..1."""
        return min(max((now - self.begun) / self.seconds, 0.0), 1.0)


class Capture:
    """Keeps the newest frame of a source, once for each of two takers: `take` is for what dreams,
    `shown` for what shows. `cross` goes over to another source while it plays.

    The source's end closes the slots, unless `go_on` knows better; its error travels to whoever
    takes from them. A frame may be of another size than the one before: a camera may come back in
    another mode. Frames are counted on from source to source, and their times never go back.

    through: what becomes of each frame before anybody takes it, in the thread that reads.
    """

    def __init__(
        self,
        source: Source,
        stats: Stats | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.through: Callable[[Frame], Frame] = lambda frame: frame
        self.ahead: tuple[int, int] | None = None
        """(width, height) that every frame is asked for, where that is known: it is made as `small`
        in the thread that reads, which has time, and not in the one that shows."""
        self.slot: Slot[Frame] = Slot()
        self.shown: Slot[Frame] = Slot(SHOWN)
        self.heard = clock()
        """When the newest frame came."""
        self.go_on: Callable[[BaseException | None], bool] = lambda error: False
        """Asked, in the thread that read it, where a source ended: whether another one follows."""
        self._stats = stats
        self._clock = clock
        self._lock = threading.Lock()
        self.playing = Reading(source, self._given, self._ended)
        """Reads the source that plays, or comes."""
        self._fade: _Fade | None = None
        self._blend = Crossfade()
        self._last: Frame | None = None
        self._closing: list[threading.Thread] = []
        self._over: Reading | None = None
        """The newest one whose end was seen to."""

    @property
    def source(self) -> Source:
        return self.playing.source

    def start(self) -> Capture:
        self.playing.start()
        return self

    def first(self, timeout: float) -> Frame | None:
        """The first frame, still to be taken; None where none came within `timeout` seconds."""
        return self.slot.peek(timeout)

    def take(self, timeout: float | None = None) -> Frame | None:
        """The newest frame, or None after `timeout` seconds; raises as `Slot.take` does."""
        frame = self.slot.take(timeout)
        playing = self.playing
        if frame and not playing.going:
            playing.go_on()
            if not playing.source.live:
                # It waited, and did not grow old meanwhile.
                return replace(frame, time=self._clock())
        return frame

    def read(self, source: Source) -> Reading:
        """Begins to read `source`, which `cross` may then go over to. Whoever asked for it closes
        it where that does not come."""
        return Reading(source, self._given, self._ended).start()

    def cross(self, reading: Reading, seconds: float) -> None:
        """Go over to `reading`, whose first frame has come, within `seconds`; 0 is a cut."""
        frame = reading.newest.peek(0)
        with self._lock:
            left, fade, self.playing = self.playing, self._fade, reading
            if fade:  # What is on screen is neither of the two: it goes as it stands.
                self._leave(fade.reading)
            self._fade = None
            if self._last and seconds > 0:
                kept, stands = (None, self._last) if fade else (left, left.newest.peek(0))
                self._fade = _Fade(kept, stands or self._last, self._clock(), seconds)
            if self._fade is None or self._fade.reading is None:
                self._leave(left)
            if frame:
                self._put(replace(frame, time=self._clock()))
        reading.go_on()

    def back(self, reading: Reading, seconds: float) -> bool:
        """Go back to `reading` where that is the one that still goes; whether it was."""
        with self._lock:
            fade, now, left = self._fade, self._clock(), self.playing
            if fade is None or fade.reading is not reading or reading.newest.closed:
                return False
            self._fade, self.playing = None, reading
            if seconds > 0:
                begun = now - seconds * (1 - fade.share(now))
                self._fade = _Fade(left, left.newest.peek(0) or fade.frame, begun, seconds)
            else:
                self._leave(left)
        return True

    def look(self) -> None:
        """Once it was gone over to a source: that may have ended before it played."""
        if self.playing.newest.closed:
            self._ended(self.playing, None)

    def settle(self) -> None:
        """Waits until the sources that were left are closed."""
        for thread in list(self._closing):
            thread.join()

    def end(self, error: BaseException | None = None) -> None:
        """No more frames come."""
        for slot in (self.slot, self.shown):
            slot.close(error)

    def close(self, timeout: float = 2.0) -> bool:
        """Stops reading and closes the source. False if a read still blocked after `timeout`."""
        self.end()
        with self._lock:
            going, self._fade = self._fade, None
            if going:
                self._leave(going.reading)
        return self.playing.close(timeout)

    def __enter__(self) -> Capture:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _given(self, reading: Reading, frame: Frame) -> None:
        """In the thread of `reading`."""
        with self._lock:
            fade = self._fade
            if reading is self.playing:
                self.heard = self._clock()
                if self._stats is not None:
                    self._stats.record("capture", reading.source.cost)
                self._put(frame)
            elif fade and reading is fade.reading:
                fade.frame = frame
                coming = self.playing.newest.peek(0)
                if coming and self._last and frame.time - self._last.time > LATE:
                    self._put(replace(coming, time=frame.time))

    def _put(self, frame: Frame) -> None:
        """Under the lock."""
        fade, last = self._fade, self._last
        if fade:
            share = fade.share(self._clock())
            frame = self._blended(fade.frame, frame, share)
            if share == 1:
                self._fade = None
                self._leave(fade.reading)
        if last:
            frame = replace(frame, index=last.index + 1, time=max(frame.time, last.time))
        self._last = frame
        frame = self.through(frame)
        if self.ahead:
            with suppress(LivedreamError):  # Whoever dreams it says so.
                frame.small(*self.ahead)
        self.slot.put(frame)
        self.shown.put(frame)

    def _blended(self, old: Frame, new: Frame, share: float) -> Frame:
        if share == 1:
            return new
        try:
            images = as_picture(old.image), as_picture(new.image)
        except LivedreamError:
            return new  # Whoever dreams it says so.
        return replace(new, image=self._blend.blended(*images, share))

    def _leave(self, reading: Reading | None) -> None:
        """Close what is no more needed; that may take a while."""
        if reading is None:
            return
        self._closing = [each for each in self._closing if each.is_alive()]
        thread = threading.Thread(target=reading.close, name="closing", daemon=True)
        self._closing.append(thread)
        thread.start()

    def _ended(self, reading: Reading, error: BaseException | None) -> None:
        """In the thread of `reading`."""
        with self._lock:
            if reading is not self.playing or reading is self._over or self.slot.closed:
                return
            self._over = reading
        if not self.go_on(error):
            self.end(error)

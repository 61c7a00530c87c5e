"""What a show records: one take after the other, as the desk says."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..control.desk import Desk
from ..errors import LivedreamError, UsageError
from ..sinks.episodes import Episodes
from ..sinks.formats import GOOD
from ..sinks.recording import Recorder, new_recording
from ..sinks.soundtrack import Sound
from .notice import Notice
from .presenter import Shown


@dataclass(frozen=True)
class Recordings:
    """How a show records. path: what it records from its start, None for nothing. quality, rate,
    sound: of all recordings, see `Recorder`. minutes: of each file, after which the next one
    begins. gigabytes: of all of them together, the oldest are deleted.

    Raises UsageError for minutes without a path, and for gigabytes without minutes.
    """

    path: Path | None = None
    quality: str = GOOD
    rate: float | None = None
    sound: bool = False
    minutes: float | None = None
    gigabytes: float | None = None

    def __post_init__(self) -> None:
        if (self.minutes and not self.path) or (self.gigabytes and not self.minutes):
            raise UsageError(
                "--record-minutes needs --record OUT.mp4, --record-gigabytes needs both."
            )

    @functools.cached_property
    def episodes(self) -> Episodes | None:
        """Those that begin with `path`."""
        if not self.path:
            return None
        seconds = 60 * self.minutes if self.minutes else None
        most = 1e9 * self.gigabytes if self.gigabytes else None
        return Episodes(self.path, self._at, seconds, most)

    def first(self, overwrite: bool, again: bool) -> Recorder | None:
        """The one from the start, which writes with its first frame. again: the show began before,
        and what it recorded then stays. Raises what `Recorder` and `Episodes` raise."""
        if not self.path or not self.episodes:
            return None
        # An episode has its name from its beginning, so that the next one takes another.
        if again or (self.minutes and not self.path.exists()):
            return self.episodes.begin()
        return self._at(self.path, overwrite)

    def begin(self) -> Recorder:
        """One that somebody asks for while it plays. Raises LivedreamError."""
        if self.episodes and self.minutes:
            return self.episodes.begin()
        return new_recording(quality=self.quality, rate=self.rate, sound=self.sound)

    def _at(self, path: Path, overwrite: bool = False) -> Recorder:
        return Recorder(
            path, overwrite=overwrite, quality=self.quality, rate=self.rate, sound=self.sound
        )


class Takes:
    """Records what is shown while the desk's `record` is on. A take that fails is told and let go
    of, and the show goes on; `trouble` is the last such error.

    begin: makes a take. recorder: the one from the start. episodes: those that it begins.
    `write` and `hear` may be called from any thread, everything else from the main one.
    """

    def __init__(
        self,
        desk: Desk,
        notice: Notice,
        begin: Callable[[], Recorder] = new_recording,
        recorder: Recorder | None = None,
        episodes: Episodes | None = None,
    ) -> None:
        self.begin = begin
        self.trouble: LivedreamError | None = None
        self._desk, self._notice, self._episodes = desk, notice, episodes
        self._finishing: threading.Thread | None = None
        self.recorder = recorder

    @property
    def recorder(self) -> Recorder | None:
        """Takes every picture that is shown while it is set."""
        return self._recorder

    @recorder.setter
    def recorder(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._desk.set("record", recorder is not None, "recorder")

    def attend(self, wanted: bool) -> None:
        """Begin or end a take where that is `wanted`, and the next episode where one is over."""
        if wanted != (self._recorder is not None):
            self._toggle()
        self._follow()

    def write(self, shown: Shown) -> None:
        """One more picture is shown."""
        recorder = self._recorder
        if recorder is None:
            return
        try:
            recorder.made = recorder.made or shown.settings
            recorder.write(shown.dream, shown.time)
        except LivedreamError as error:
            self.recorder = None
            self._failed(error)

    def hear(self, sound: Sound) -> None:
        """What is heard beside the pictures."""
        recorder = self._recorder
        if recorder:
            recorder.hear(sound)

    def close(self) -> None:
        """Finish what is being recorded. May be called twice."""
        if self._recorder:
            self._toggle()
        if self._finishing:
            self._finishing.join()

    def _toggle(self) -> None:
        recorder, self.recorder = self._recorder, None
        if recorder is not None:
            self._finish(recorder)
            return
        try:
            self.recorder = recorder = self.begin()
        except LivedreamError as error:
            self._failed(error)
            return
        self._notice(f"Recording {recorder.path}")

    def _follow(self) -> None:
        """Where the take is long enough, have the next episode take the pictures."""
        recorder, episodes = self._recorder, self._episodes
        if recorder is None or episodes is None or not episodes.over(recorder):
            return
        try:
            self._recorder = episodes.begin()
        except LivedreamError as error:  # It goes on in the file that there is.
            self._episodes = None
            self._failed(error)
            return
        if self._finishing:
            self._finishing.join()
        self._finishing = threading.Thread(target=self._finish, args=(recorder,), name="finishing")
        self._finishing.start()

    def _finish(self, recorder: Recorder) -> None:
        try:
            recorder.close()
        except LivedreamError as error:
            self._failed(error)
            return
        self._notice(recorder.summary)

    def _failed(self, error: LivedreamError) -> None:
        self.trouble = error
        self._notice(str(error))

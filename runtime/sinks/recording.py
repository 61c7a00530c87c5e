"""The dream as a video file, encoded beside the show without ever holding it up."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import av.error
import numpy as np

from ..dream.device import DeviceError
from ..errors import LivedreamError
from ..reuse import give_memory_back
from ..stats import Samples
from ..store.files import (
    check_writable,
    give_back,
    numbered,
    replacing,
    settle,
    take_free,
    unwritable,
)
from ..store.settings import as_text
from ..wording import counted
from .encoding import TICK, playable
from .formats import EDIT, GOOD, Form, encoder_of, form_of
from .reel import Film
from .sent import reported
from .soundtrack import Sound

WAITING = 8  # Frames held for the encoder; more are dropped. At 1080p about 50 MB.

BLOCKS = 3000
"""Blocks of sound held for the encoder; older ones become silence. Half a minute."""

AGES = 3600
"""Newest ages that are kept."""

HEARD = 100
"""Blocks of sound that are encoded although no picture came."""

Picture = tuple[np.ndarray, int]
"""Pixels, and TICKs since the first."""


def new_recording(
    folder: Path | str = ".",
    *,
    fps: float = 30,
    quality: str = GOOD,
    rate: float | None = None,
    sound: bool = False,
) -> Recorder:
    """A recorder with a name of the program's own, livedream-DATE-TIME.mp4, for editing .mov, that
    nobody has. The rest as of `Recorder`.

    Raises LivedreamError where `folder` cannot be written or the encoder is missing.
    """
    suffix = ".mov" if quality == EDIT else ".mp4"
    path = Path(folder) / (time.strftime("livedream-%Y%m%d-%H%M%S") + suffix)
    form_of(path)
    check_writable(path)
    path = take_free(numbered(path))
    return Recorder(path, fps=fps, quality=quality, rate=rate, sound=sound)


class Recorder:
    """Writes frames with their own times to `path`: .mp4, .m4v, .mov, .mkv (H.264) or .webm (VP9).

    The first frame decides the size; an odd one grows by a repeated row or column, later frames
    of another size are fitted in. The file gets its name as soon as it can be played, and plays
    even where the program is killed; a recording without frames leaves none. When the disk fills
    up or the encoder fails, what was written until then is kept as far as it can be played, and
    the next `write` or `close` raises.

    made: what makes the first picture, for the file that carries it; said before that. name: the
    file's. state: "waiting" for its first frame, "open" or "lost". dropped: frames given
    up because the encoder was behind. written: frames in the file.
    seconds: length so far. saved: whether the file lies under its name.
    Raises UsageError for an unknown suffix, a folder, or, without `overwrite`, a file that is there
    already; LivedreamError for an unwritable place or an encoder that is missing.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        fps: float = 30,
        overwrite: bool = False,
        quality: str = GOOD,
        rate: float | None = None,
        sound: bool = False,
    ) -> None:
        """fps: a hint for players; the file keeps every frame's real time, or, with `rate`, has so
        many a second, the newest one repeated where none came. quality: one of QUALITIES, or EDIT.
        sound: whether what `hear` is given is in the file too; silence where nothing comes."""
        self.path = Path(path).expanduser()
        self.made: Mapping[str, Any] = {}
        self._form: Form = form_of(self.path)
        self._encoder = encoder_of(self.path, quality)
        check_writable(self.path, overwrite)
        self.name, self.state = self.path.name, "waiting"
        self.dropped = 0
        self.written = 0
        self.seconds = 0.0
        self.saved = False
        self._overwrite = overwrite
        self._fps, self._rate, self._with_sound = fps, rate, sound
        self._ages = Samples(AGES)
        self._start: float | None = None  # `time` of the first frame.
        self._error: LivedreamError | None = None
        self._frames: deque[Picture] = deque()
        self._sounds: deque[Sound] = deque(maxlen=BLOCKS)
        self._film: Film | None = None  # Of the thread.
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def write(self, image: np.ndarray, time: float) -> None:
        """Takes uint8 BGR [height, width, 3], shown at `time` seconds of any steady clock.

        Returns at once. The picture is read later: do not draw on it. Frames must come in order;
        one that is not later than the one before is dropped.
        Raises LivedreamError, once, when the file could not be written any further.
        """
        with self._changed:
            self._raise_error()
            if self._closing:
                return
            if self._start is None:
                self._start = time
            if len(self._frames) >= WAITING:
                self.dropped += 1
                return
            self.seconds = max(self.seconds, time - self._start)
            self._frames.append((image, round((time - self._start) / TICK)))
            self._changed.notify_all()

    def hear(self, sound: Sound) -> None:
        """Takes what was heard, by the clock that `write` is told. Returns at once; does nothing
        where the recording has no sound."""
        if not self._with_sound:
            return
        with self._changed:
            self._sounds.append(sound)
            if len(self._sounds) >= HEARD:
                self._changed.notify_all()

    def close(self) -> None:
        """Encodes what is waiting and finishes the file. May be called twice.

        Raises LivedreamError when not all of it could be written, unless `write` did.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._raise_error()

    @property
    def age(self) -> float:
        """Seconds from the time of the newest frame in the file, by `time.monotonic()`, until it
        was written."""
        return self._ages.newest

    def report(self) -> dict[str, Any]:
        """As `reported`."""
        lost = int(self.state == "lost")
        return reported(self.name, self.state, self.written, self.dropped, lost, self._ages)

    @property
    def summary(self) -> str:
        """What became of the recording, for the person, once it is closed."""
        if not self.saved:
            return f"No frame came, so {self.path} was not recorded"
        missed = f", {counted(self.dropped, 'frame')} missed" if self.dropped else ""
        return f"Recorded {self.path}, {self.seconds:.1f} s{missed}"

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            # What goes wrong already is what the person must hear about.
            with suppress(LivedreamError):
                self.close()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # Whoever keeps it would keep this frame by it, and the frame the error.

    def _next(self) -> Picture | None:
        """The next picture; nothing at the end."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._frames or self._closing or len(self._sounds) >= self._hearing
                )
                if not self._frames and self._closing:
                    return None
                picture = self._frames.popleft() if self._frames else None
            self._listen()
            if picture is None:
                continue
            try:
                # Waits for a picture that is still on its way from a graphics card.
                return np.asarray(picture[0]), picture[1]
            except DeviceError:
                self.dropped += 1

    def _listen(self) -> None:
        """Encode what was heard, once there is a film; until then it waits for that."""
        if self._film is None:
            return
        with self._changed:
            sounds = list(self._sounds)
            self._sounds.clear()
        self._film.hear(sounds)

    def _time(self, tick: int) -> float:
        assert self._start is not None
        return self._start + tick * float(TICK)

    @property
    def _hearing(self) -> int:
        return HEARD if self._film else BLOCKS + 1

    def _run(self) -> None:
        try:
            first = self._next()
            if first is not None:
                with replacing(self.path, self._overwrite, hidden=False) as temporary:
                    self._encode(temporary, first)
                self.saved = True
        except BaseException as error:  # noqa: BLE001 - not swallowed: `write` or `close` raises it
            self._fail(error)
            # Whoever keeps the error would keep all that these frames hold by it.
            cause: BaseException | None = error
            while cause:
                traceback.clear_frames(cause.__traceback__)
                cause = cause.__cause__ or cause.__context__
        finally:
            give_back(self.path)
            give_memory_back()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error, self.state = self._told(error), "lost"
            self._closing = True
            self._frames.clear()

    def _encode(self, temporary: Path, first: Picture) -> None:
        film: Film | None = None
        upcoming: Picture | None = first
        late: LivedreamError | None = None
        # The first part is on the disk after the second key frame, as a rule.
        named, look = os.name == "nt", 2.5  # Windows renames no open file.
        try:
            film = self._film = Film(
                temporary, self._form, self._encoder, first[0], self._fps,
                rate=self._rate, start=self._start if self._with_sound else None,
                comment=as_text(dict(self.made)) if self.made else "",
            )  # fmt: skip
            self.state = "open"
            while upcoming is not None:
                if not film.show(*upcoming):
                    self.dropped += 1
                self._ages.add(time.monotonic() - self._time(upcoming[1]))
                self.written = film.written
                if not named and upcoming[1] * TICK >= look:
                    look += 1
                    named = playable(temporary)
                    late = self._name(temporary) if named else None
                upcoming = self._next()
            self._listen()
            film.finish()
            self.written = film.written
            if late:
                self._fail(late)
        except Exception as error:
            if film is not None:
                film.close()
            if temporary.exists() and not playable(temporary):
                raise
            # Return, so that the part on the disk gets its name.
            sentence = str(self._told(error)).rstrip(".")
            self._fail(LivedreamError(f"{sentence}; what was recorded until then is kept."))
        finally:
            if film is not None:
                film.close()
            self._film = None  # Some megabytes; a recorder may be kept for longer.

    def _name(self, temporary: Path) -> LivedreamError | None:
        """Give the file its name while it grows. Returns what is to be told at the end."""
        try:
            settle(temporary, self.path, self._overwrite)
        except LivedreamError as error:
            return error
        return None

    def _told(self, error: BaseException) -> LivedreamError:
        if isinstance(error, LivedreamError):
            return error
        if isinstance(error, OSError):
            told = unwritable(self.path, error)
        elif isinstance(error, av.error.FFmpegError):
            told = LivedreamError(f"{self.path} cannot be encoded: {error.strerror}.")
        else:
            reason = f"{type(error).__name__}: {error}"
            told = LivedreamError(f"{self.path} cannot be recorded any further ({reason}).")
        told.__cause__ = error
        return told

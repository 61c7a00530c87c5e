"""The dream as a video file, encoded beside the show without ever holding it up."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from ..dream.device import DeviceError
from ..errors import LivedreamError, UsageError
from ..live.window.window import letterbox
from ..offline.clip import FORMS, Form
from ..store.files import check_writable, replacing, unwritable

TICK = Fraction(1, 90_000)  # Seconds; the customary fine clock of video.
WAITING = 8  # Frames held for the encoder; more are dropped. At 1080p about 50 MB.

# Fast: the dream needs the processor. Without B-frames, or a fragmented file starts late.
_LIVE = {
    "libx264": {"crf": "20", "preset": "veryfast", "bf": "0"},
    "libvpx-vp9": {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1"},
}


def _container(muxer: str) -> dict[str, str]:
    """Playable up to the last seconds if the program is killed; an ordinary file at the end."""
    options = {"flush_packets": "1"}
    if muxer in ("mp4", "mov"):
        options["movflags"] = "+hybrid_fragmented"
    return options


class Recorder:
    """Writes frames with their own times to `path`: .mp4, .m4v, .mov, .mkv (H.264) or .webm (VP9).

    The first frame decides the size; an odd one grows by a repeated row or column, later frames
    of another size are fitted in. The file appears under its name when it is closed; a recording
    without frames leaves none. When the disk fills up, what was written until then is kept and
    the next `write` or `close` raises.

    dropped: frames given up because the encoder was behind. written: frames in the file.
    seconds: length so far.
    Raises UsageError for an unknown suffix or a folder, LivedreamError for an unwritable place.
    """

    def __init__(self, path: Path | str, *, fps: float = 30) -> None:
        """fps: a hint for players; the file keeps every frame's real time."""
        self.path = Path(path).expanduser()
        form = FORMS.get(self.path.suffix.lower())
        if form is None:
            raise UsageError(
                f"{self.path.name} has no video format that can be recorded; end it in "
                f"{', '.join(FORMS)}."
            )
        check_writable(self.path)
        self.dropped = 0
        self.written = 0
        self.seconds = 0.0
        self._form = form
        self._fps = fps
        self._start: float | None = None
        self._error: LivedreamError | None = None
        self._frames: deque[tuple[np.ndarray, int]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def write(self, image: np.ndarray, time: float) -> None:
        """Takes uint8 BGR [height, width, 3], shown at `time` seconds of any steady clock.

        Returns at once. The picture is read later: do not draw on it. Frames must come in order;
        one that is not later than the one before is dropped.
        Raises LivedreamError when the file could not be written any further.
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

    def close(self) -> None:
        """Encodes what is waiting and finishes the file. May be called twice.

        Raises LivedreamError when not all of it could be written, once.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._raise_error()

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
        if error is not None:
            raise error

    def _next(self) -> tuple[np.ndarray, int] | None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._frames or self._closing)
                if not self._frames:
                    return None
                image, time = self._frames.popleft()
            try:
                # Waits for a picture that is still on its way from a graphics card.
                return np.asarray(image), time
            except DeviceError:
                self.dropped += 1

    def _run(self) -> None:
        try:
            first = self._next()
            if first is not None:
                with replacing(self.path) as temporary:
                    self._encode(temporary, first)
        except LivedreamError as error:
            self._fail(error)

    def _fail(self, error: LivedreamError) -> None:
        with self._changed:
            self._error = error
            self._closing = True
            self._frames.clear()

    def _encode(self, temporary: Path, first: tuple[np.ndarray, int]) -> None:
        video: _Video | None = None
        upcoming: tuple[np.ndarray, int] | None = first
        try:
            video = _Video(temporary, self._form, first[0], self._fps)
            while upcoming is not None:
                if video.write(*upcoming):
                    self.written += 1
                else:
                    self.dropped += 1
                upcoming = self._next()
            video.finish()
        except (OSError, av.error.FFmpegError) as error:
            failure = self._failure(error)
            if video is not None:
                video.close()
            if not _playable(temporary):
                raise failure from error
            # Return, so that the part on the disk gets its name.
            self._fail(failure)
        finally:
            if video is not None:
                video.close()

    def _failure(self, error: OSError | av.error.FFmpegError) -> LivedreamError:
        if isinstance(error, OSError):
            return unwritable(self.path, error)
        return LivedreamError(f"{self.path} cannot be encoded: {error.strerror}.")


def _playable(path: Path) -> bool:
    """Whether at least one frame of the file can be decoded."""
    try:
        with av.open(str(path)) as container:
            return next(container.decode(video=0), None) is not None
    except (av.error.FFmpegError, IndexError):
        return False


class _Video:
    """One video file with one stream, as large as `first`."""

    def __init__(self, path: Path, form: Form, first: np.ndarray, fps: float) -> None:
        self._size = first.shape[1], first.shape[0]
        self._last = -1
        width, height = (side + side % 2 for side in self._size)
        # Through a file of Python's: FFmpeg's own tells of a full disk only when it closes.
        self._file = path.open("wb", buffering=0)
        try:
            self._container: OutputContainer = av.open(
                self._file, "w", format=form.muxer, container_options=_container(form.muxer)
            )
        except BaseException:
            self._file.close()
            raise
        try:
            rate = Fraction(fps).limit_denominator(1001)
            stream = self._container.add_stream(form.video, rate=rate)
            assert isinstance(stream, VideoStream)
            codec = stream.codec_context
            codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
            codec.options = _LIVE[form.video]
            codec.time_base = stream.time_base = TICK
            # A key frame every two seconds: what a crash may cost.
            codec.gop_size = max(1, round(2 * fps))
            codec.colorspace, codec.color_range = Colorspace.ITU709, 1
            codec.color_primaries = codec.color_trc = 1
            self._stream = stream
        except BaseException:
            self.close()
            raise
        self._padding = height - self._size[1], width - self._size[0]

    def write(self, image: np.ndarray, tick: int) -> bool:
        """False for a frame that is no later than the one before."""
        if tick <= self._last:
            return False
        self._last = tick
        if (image.shape[1], image.shape[0]) != self._size:
            image = letterbox(image, self._size)
        if any(self._padding):
            below, right = self._padding
            image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range="MPEG"
        )
        frame.time_base, frame.pts = TICK, tick
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        return True

    def finish(self) -> None:
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        self._file.close()

    def close(self) -> None:
        """Lets go of the file; after `finish` this does nothing."""
        # A full disk answers again when the trailer is written: the first answer counts.
        with suppress(OSError, av.error.FFmpegError):
            self._container.close()
        self._file.close()

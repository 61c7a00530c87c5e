"""The sound of a clip, up to wherever its picture is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from ...control.audio.analysis import RATE
from .decoding import LONGEST_GAP, open_container


class ClipSound:
    """Reads the clip a second time, beside its picture. Raises LivedreamError where it cannot be
    opened.

    begin: the file's own time of its first picture, seconds. silent: whether it has no sound.
    """

    def __init__(self, address: str, name: str, begin: float) -> None:
        self._container = open_container(address, name)
        self._stream = next(iter(self._container.streams.audio), None)
        self.silent = self._stream is None
        self._begin = begin
        self._ahead: deque[tuple[np.ndarray, float]] = deque()
        self._blocks = self._read()

    def until(self, at: float) -> Iterator[tuple[np.ndarray, float]]:
        """(float32 [n, 2], RATE a second, the end of it) for all that begins until `at`, in seconds
        of the picture; what cannot be decoded is left out."""
        while True:
            block = self._ahead.popleft() if self._ahead else next(self._blocks, None)
            if block is None:
                return
            samples, end = block
            if end - len(samples) / RATE > at:
                self._ahead.append(block)
                return
            yield block

    def close(self) -> None:
        """May be called twice."""
        self._container.close()

    def _read(self) -> Iterator[tuple[np.ndarray, float]]:
        resampler = AudioResampler(format="flt", layout="stereo", rate=RATE)
        end: float | None = None
        shift = -self._begin
        for frame in self._frames():
            start = frame.time
            if start is not None and end is not None and not -1 < start + shift - end < LONGEST_GAP:
                shift = end - start  # Clips that were joined begin their times anew.
            begun = end or 0.0 if start is None else start + shift
            frame.pts = None  # The times are kept here.
            for part in resampler.resample(frame):
                samples = part.to_ndarray().reshape(-1, 2)
                end = begun + len(samples) / RATE
                yield samples, end
                begun = end

    def _frames(self) -> Iterator[AudioFrame]:
        try:
            for packet in self._container.demux(self._stream) if self._stream else ():
                try:
                    yield from packet.decode()  # pyright: ignore[reportReturnType]
                except av.error.FFmpegError:  # Of this packet alone.
                    continue
        except (av.error.FFmpegError, OSError):
            return

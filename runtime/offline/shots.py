"""`livedream video --workers N` and `--ray ADDRESS`: a film split at its cuts, its shots dreamt by
several processes or machines, and joined without a trace.

A shot owes nothing to the one before it, so each is dreamt anew, by whoever; in order, they are
what one process dreams shot by shot, bit by bit. A shot that is done lies as a lossless file beside
the target until the film is whole, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from rich.console import Console

from ..choices import Choices
from ..dream.flow import MotionTracker
from ..errors import LivedreamError
from ..start import network_of, open_dreamer, settings_of
from ..store.files import replacing
from ..store.settings import as_text
from .enlarging import Box, enlarged, sized
from .reader import Reader, open_clip

Told = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Shot:
    """The frames of a clip from `first` to before `last`, and how they are dreamt. dreamt: the size
    that the picture is fitted into. written: as of `sized`."""

    source: Path
    first: int
    last: int
    choices: Choices
    dreamt: Box
    written: Box | None

    @property
    def name(self) -> str:
        """Of its file: another for other frames, values or another source."""
        told = self.source.stat()
        key = hashlib.sha256(f"{self}{told.st_size}{told.st_mtime_ns}".encode()).hexdigest()
        return f"{self.first:08}-{key[:16]}.mkv"


def cuts(source: Path) -> list[int]:
    """The numbers of the frames that begin a shot, and the number of frames after them."""
    tracker, begins, count = MotionTracker(), [], 0
    with open_clip(source) as container:
        for frame in Reader(container, source).frames():
            if tracker.track(frame.image) is None:
                begins.append(count)
            count += 1
    return [*begins, count]


def render(shot: Shot) -> bytes:
    """The dreamt shot as a Matroska file of lossless pictures that carries what made it."""
    choices, console = shot.choices, Console(quiet=True)
    network = network_of(choices, lambda text: None)
    dreamer, reel = None, None
    with ExitStack() as opened:
        container = opened.enter_context(open_clip(shot.source))
        frames = Reader(container, shot.source).frames()
        for frame in itertools.islice(frames, shot.first, shot.last):
            whole, picture = sized(frame.image, shot.dreamt, shot.written)
            if dreamer is None:
                size = picture.shape[:2]
                dreamer, engines = open_dreamer(choices, network, size, console, clip=True)
                opened.callback(engines.close)
            seconds = float(frame.time)
            small = dreamer.live(picture, seconds) if choices.live else dreamer.still(picture)
            image = enlarged(whole, picture, small, dreamer.dream.camera)
            reel = reel or _Reel(image, settings_of(dreamer, choices.recipe))
            reel.write(image)
    if reel is None:
        raise LivedreamError(f"{shot.source} changed while it was dreamt; begin anew.")
    return reel.finish()


def dream_shots(
    shots: Sequence[Shot], folder: Path, workers: int, address: str | None, told: Told
) -> list[Path]:
    """The files of all shots in `folder`, in order. Those that are not there yet are dreamt, by so
    many processes here, or where `address` is given by Ray. told: hears how many are done, of how
    many. Raises LivedreamError where Ray is missing or cannot be reached."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {shot: folder / shot.name for shot in shots}
    left = [shot for shot, file in files.items() if not file.exists()]
    done = len(shots) - len(left)
    told(done, len(shots))
    for shot, content in by_ray(left, address) if address else by_processes(left, workers):
        with replacing(files[shot], True) as temporary:
            temporary.write_bytes(content)
        done += 1
        told(done, len(shots))
    return list(files.values())


def by_processes(shots: Sequence[Shot], workers: int) -> Iterator[tuple[Shot, bytes]]:
    """Each shot as it is done; one worker is this process itself."""
    if workers == 1:
        yield from ((shot, render(shot)) for shot in shots)
        return
    # Not forked: sessions and OpenCV have threads.
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawning) as pool:
        at_work = {pool.submit(render, shot): shot for shot in shots}
        try:
            for each in as_completed(at_work):
                yield at_work[each], each.result()
        finally:
            pool.shutdown(cancel_futures=True)


def by_ray(shots: Sequence[Shot], address: str) -> Iterator[tuple[Shot, bytes]]:
    """Each shot as it is done by the cluster at `address`, whose machines see the clip by the same
    path."""
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise LivedreamError(
            'Ray is not installed; `pip install "livedream[ray]"` adds it.'
        ) from error
    try:
        ray.init(address=address, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise LivedreamError(f"No Ray cluster answers at {address}: {error}.") from error
    try:
        work = ray.remote(render)
        at_work = {work.remote(shot): shot for shot in shots}
        while at_work:
            (ready, *_), _ = ray.wait(list(at_work))
            yield at_work.pop(ready), ray.get(ready)
    finally:
        ray.shutdown()


def pictures_of(files: Sequence[Path]) -> Generator[np.ndarray, None, None]:
    """The pictures of all shots, one after the other, uint8 BGR as they were dreamt."""
    for file in files:
        with av.open(str(file)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="bgr24")


class _Reel:
    """A Matroska file in memory, of pictures bit by bit."""

    def __init__(self, image: np.ndarray, settings: dict[str, Any]) -> None:
        self._file = BytesIO()
        self._container = av.open(self._file, "w", format="matroska")
        self._container.metadata["comment"] = as_text(settings)
        self._stream = cast(VideoStream, self._container.add_stream("ffv1", rate=25))
        self._stream.height, self._stream.width = image.shape[:2]
        self._stream.pix_fmt = "bgr0"

    def write(self, image: np.ndarray) -> None:
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        for packet in self._stream.encode(frame.reformat(format="bgr0")):
            self._container.mux(packet)

    def finish(self) -> bytes:
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        return self._file.getvalue()

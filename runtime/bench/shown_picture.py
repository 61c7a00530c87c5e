"""What one shown picture costs, by stage: from the camera's frame and the newest dream to what
every sink gets. The dreams are made before, so nothing else is at work."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..errors import LivedreamError
from ..frame import Frame
from ..live.loop import Dreamt
from ..live.presenter import Presenter
from ..scaling import fit, resized
from ..slot import Closed, Slot
from ..start import open_desk, settings_of
from ..stats import Stats
from .finer_window import measure_finer
from .opened import Opened
from .results import measured, rounded
from .sampling import collect
from .schema import Floor, Picture
from .step import copy_bandwidth
from .synthetic_camera import RATE, drawn_frames, swing
from .traffic import CAMERA
from .whole_frame import covered, stages_of

STAGES = ("residual", "fluid", "compose", "limit")
"""In the order of a picture: a fresh dream is taken in, carried along, laid over, its flashes are
limited."""

DRAWN = 24
"""Frames of the camera; those of 1920x1080 take 150 MB."""

FINER_SHARE = 0.25
"""Of the time for pictures, so much more goes to windows of finer detail and their dreams."""

PICTURES = 3
"""Pictures for each dream: a dream of every third frame, shown from the frame after it on."""

PATIENCE = 30.0
"""Seconds after which a presenter that shows nothing has failed."""


class _Noted(Stats):
    """Of the picture at hand: stage -> seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, float] = {}

    def record(self, name: str, seconds: float) -> None:
        self.parts[name] = self.parts.get(name, 0.0) + seconds


class Reel(NamedTuple):
    """What is shown: the camera's frames, uint8 [n, height, width, 3] BGR, and a dream of each."""

    frames: np.ndarray
    dreams: list[Dreamt]


def reel_of(opened: Opened, size: tuple[int, int]) -> Reel:
    """Drawn frames of this (width, height), and their dreams at the size that is dreamt."""
    frames = drawn_frames(size, opened.choices.seed, DRAWN)
    return Reel(frames, dreams_of(opened, frames))


class Shows:
    """Shows picture after picture of a reel through the presenter of `livedream run`, one at a
    time, as large as the camera's frames.

    values: of the desk. Close it; a context manager does.
    """

    def __init__(
        self, opened: Opened, reel: Reel, values: Mapping[str, float | str] | None = None
    ) -> None:
        self._frames, self._dreams = reel
        self._camera: Slot[Frame] = Slot()
        self._newest: Slot[Dreamt] = Slot()
        self._stats = _Noted()
        height, width = opened.size
        high, wide = self._frames.shape[1:3]
        desk = open_desk(
            opened.network, opened.dreamer(), opened.choices.recipe, (width, height),
            **{"picture": f"{wide}x{high}", **(values or {})},
        )  # fmt: skip
        self._presenter = Presenter(self._camera, self._newest, desk, self._stats)
        self._index = 0
        self.parts: list[dict[str, float]] = []
        """Of each picture, as of `whole_frame.stages_of`."""
        self._presenter.start()
        self._newest.put(self._dreams[0])
        self._shown()

    def run(self) -> float:
        """The next picture; returns the seconds until it is there."""
        self._index += 1
        place = swing(self._index, DRAWN)
        frame = Frame(self._frames[place], self._index / RATE, self._index)
        dream = None
        if self._index % PICTURES == 0:
            behind = self._index - 1
            dream = self._dreams[swing(behind, DRAWN)]
            at = Frame(self._frames[swing(behind, DRAWN)], behind / RATE, behind)
            dream = replace(dream, time=at.time, frame=at)
        self._stats.parts = {}
        start = time.perf_counter()
        if dream:
            self._newest.put(dream)
        self._camera.put(frame)
        self._shown()
        took = time.perf_counter() - start
        self.parts.append({**self._stats.parts, "frame": took})
        return took

    def _shown(self) -> None:
        try:
            if self._presenter.output.take(PATIENCE) is None:
                raise LivedreamError(f"No picture was shown for {PATIENCE:.0f} seconds.")
        except Closed as error:
            raise LivedreamError("The presenter ended by itself.") from error

    def __enter__(self) -> Shows:
        return self

    def __exit__(self, *_: object) -> None:
        self._presenter.stop()


def dreams_of(opened: Opened, frames: np.ndarray) -> list[Dreamt]:
    """A dream of each frame, uint8 [n, height, width, 3] BGR, at the size that is dreamt."""
    height, width = opened.size
    dreamer = opened.dreamer()
    settings = settings_of(dreamer, opened.choices.recipe)
    found = []
    for index, image in enumerate(frames):
        small, moment = resized(image, width, height), index / RATE
        result = dreamer.live(small, moment) if opened.live else dreamer.still(small)
        frame = Frame(image, moment, index)
        device = dreamer.device
        found.append(Dreamt(small, result, moment, settings, frame, device=device))
    return found


def measure_picture(
    opened: Opened, box: tuple[int, int], seconds: float, raw: bool, floor: Floor | None
) -> Picture:
    """Pictures as large as fit into `box`, (width, height), for at most `seconds`.

    Raises LivedreamError where none comes out.
    """
    height, width = opened.size
    size = fit(width, height, box)
    reel = reel_of(opened, size)
    with Shows(opened, reel) as shows:
        before, began = time.process_time(), len(shows.parts)
        sampling = collect(shows.run, seconds)
        busy = (time.process_time() - before) / (len(shows.parts) - began)
    finer = measure_finer(opened, reel.frames, seconds * FINER_SHARE, raw)
    kept = shows.parts[sampling.warmup :]
    timing = measured(sampling, raw)
    least = picture_floors(size, opened.size, floor) if floor else {}
    return Picture(
        size=list(size),
        ms=timing,
        fps=rounded(1000 / timing.p50),
        processor_ms=rounded(1000 * busy),
        pictures_a_dream=PICTURES,
        stages=stages_of("host", kept, least, raw, STAGES),
        covered=rounded(covered(kept)),
        finer=finer,
    )


def picture_floors(
    shown: tuple[int, int], dreamt: tuple[int, int], floor: Floor
) -> dict[str, float]:
    """Least milliseconds of the stages whose work is bytes: all of them but the optical flow.

    shown: (width, height); dreamt: (height, width).
    """
    large, small = CAMERA * math.prod(shown), CAMERA * math.prod(dreamt)
    # Camera and residual read and the picture written; the picture read and remembered.
    counted = {"compose": 2 * large + small, "limit": 2 * large}
    bandwidth = copy_bandwidth(floor, large)
    return {name: 1e3 * amount / bandwidth for name, amount in counted.items()}

"""What one dreamt frame costs, by stage, and what measuring it costs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from ..dream.stages import STAGES
from . import statistics
from .clocks import clocks_of
from .floor import Work
from .opened import Opened
from .results import distribution, measured, rounded, spread
from .sampling import collect
from .schema import Floor, Frame, Overhead, Stage
from .stage_times import StageTimes
from .step import copy_bandwidth, work_floor_ms
from .synthetic_camera import RATE, swing
from .traffic import counting
from .turns import alternate

COST_SHARE = 0.3
"""Part of the time that goes to frames with and without measuring, in turns."""
MOST_PAIRS = 1000

ORDER = list(dict.fromkeys(STAGES.values()))


class Film:
    """Dreams picture after picture, uint8 [n, height, width, 3] BGR.

    times: takes note of the stages; None to dream as `livedream run` does.
    """

    def __init__(
        self, opened: Opened, pictures: np.ndarray, times: StageTimes | None = None
    ) -> None:
        self.times = times
        self._dreamer = opened.dreamer(times.stage if times else None, waited=True)
        self._live = opened.live
        self._pictures = pictures
        self._index = 0

    def run(self) -> float:
        """The next frame, 1/30 s after the last; returns the seconds until its picture is there."""
        picture = self._pictures[swing(self._index, len(self._pictures))]
        moment = self._index / RATE
        self._index += 1
        start = time.perf_counter()
        if self.times:
            self.times.begin()
        dreamt = self._dreamer.live(picture, moment) if self._live else self._dreamer.still(picture)
        np.asarray(dreamt)  # From a card that works ahead it may still be on its way.
        if self.times:
            self.times.end()
        return time.perf_counter() - start


def measure_frame(
    opened: Opened,
    pictures: np.ndarray,
    seconds: float,
    raw: bool,
    work: dict[tuple[int, int], Work] | None,
    floor: Floor | None,
) -> Frame:
    """Frames of `pictures` by stage, for at most `seconds`.

    work: of a gradient at each octave, for the floor of that stage; None where not counted.
    """
    times = StageTimes(clocks_of(opened.device))
    sampling = collect(Film(opened, pictures, times).run, seconds)
    times.finish()
    kept = [frames[sampling.warmup :] for frames in times.frames]
    timing = measured(sampling, raw)
    least = stage_floors(opened, pictures, work, floor)
    stages = [
        stage
        for clock, frames in zip(times.clocks, kept, strict=True)
        for stage in stages_of(clock.name, frames, least, raw)
    ]
    return Frame(
        ms=timing,
        fps=rounded(1000 / timing.p50),
        megapixel_steps=rounded(opened.megapixel_steps),
        megapixel_steps_per_second=rounded(opened.megapixel_steps * 1000 / timing.p50),
        stages=stages,
        covered=rounded(covered(kept[0])),
    )


def stages_of(
    clock: str,
    frames: list[dict[str, float]],
    least: dict[str, float],
    raw: bool,
    order: Sequence[str] = ORDER,
) -> list[Stage]:
    """The stages of `frames` (stage -> seconds, `frame` the whole), in this `order`.

    least: floor of a stage, milliseconds.
    """
    whole = sum(frame["frame"] for frame in frames)
    found = []
    for name in order:
        if not any(name in frame for frame in frames):
            continue
        seconds = [frame.get(name, 0.0) for frame in frames]
        times = distribution(seconds, raw)
        floor = least.get(name)
        found.append(
            Stage(
                name=name,
                clock=clock,
                ms=times,
                share=rounded(sum(seconds) / whole),
                floor_ms=None if floor is None else rounded(floor),
                floor_share=None if floor is None else rounded(floor / times.p50),
            )
        )
    return found


def covered(frames: list[dict[str, float]]) -> float:
    """How much of a frame its stages explain: their sum / the frame, median over `frames`."""
    sums = [(sum(frame.values()) - frame["frame"]) / frame["frame"] for frame in frames]
    return float(np.median(sums))


def measuring_cost(opened: Opened, pictures: np.ndarray, seconds: float) -> Overhead:
    """Frames measured by stage and frames that are not, in turns, for about `seconds`.

    Neighbouring frames are compared, not means, and medians of ratios: a machine that is busy now
    and then widens the bounds, but moves them to neither side.
    """
    times = StageTimes(clocks_of(opened.device))
    plain, noted = Film(opened, pictures), Film(opened, pictures, times)
    for film in (plain, noted):
        film.run()  # The first frame of a film has no flow and no residual.
    pairs = alternate(plain.run, noted.run, seconds, MOST_PAIRS)
    ratio = spread(statistics.ratios(pairs.first, pairs.second))
    return Overhead(ended=pairs.ended, ratio=ratio)


def stage_floors(
    opened: Opened,
    pictures: np.ndarray,
    work: dict[tuple[int, int], Work] | None,
    floor: Floor | None,
) -> dict[str, float]:
    """Least milliseconds of each counted stage of a frame, on this machine's CPU."""
    if floor is None:
        return {}
    height, width = opened.size
    image_bytes = 12 * height * width
    counted: dict[str, int] = {}
    dreamer = opened.dreamer()
    dreamer.device = counting(opened.device, counted)
    if opened.live:
        dreamer.live(pictures[0], 0.0)
        counted.clear()
        dreamer.live(pictures[1], 1 / RATE)
    else:
        dreamer.still(pictures[0])
    bandwidth = copy_bandwidth(floor, image_bytes)
    least = {name: 1e3 * amount / bandwidth for name, amount in counted.items() if amount}
    if work:
        total = Work(0, 0)
        for size in opened.octaves:
            total += work[size] * opened.dream.steps
        least["gradient"] = work_floor_ms(total, floor, image_bytes)
    return least

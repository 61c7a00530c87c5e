"""What one dreamt frame costs, by stage, and what measuring it costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from . import statistics
from .camera import RATE, swing
from .clocks import clocks_of
from .floor import Work
from .opened import Opened
from .results import distribution, measured, rounded, spread
from .sampling import collect
from .schema import Floor, Frame, Stage
from .stages import STAGES, StageTimes, timed
from .step import copy_bandwidth, work_floor_ms
from .traffic import counting

OVERHEAD_SHARE = 0.4
"""Part of the time that goes to frames with and without measuring, in turns."""

ORDER = list(dict.fromkeys(STAGES.values()))


class FrameRun:
    """Dreams frame after frame of a film, noting the stages in `times`."""

    def __init__(self, opened: Opened, pictures: np.ndarray) -> None:
        self.times = StageTimes(clocks_of(opened.device))
        device, engine, stats = timed(opened.device, opened.engine, self.times)
        self._dreamer = opened.dreamer(stats)
        self._dreamer.device, self._dreamer.engine = device, engine
        self._live = opened.live
        self._pictures = pictures
        self._index = 0

    def run(self) -> float:
        """The next frame, 1/30 s after the last; returns the seconds it took."""
        picture = self._pictures[swing(self._index, len(self._pictures))]
        moment = self._index / RATE
        self._index += 1
        start = time.perf_counter()
        self.times.begin()
        if self._live:
            self._dreamer.live(picture, moment)
        else:
            self._dreamer.still(picture)
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
    """Frames of `pictures`, uint8 [n, height, width, 3] BGR, for about `seconds`.

    work: of a gradient at each octave, for the floor of that stage; None where not counted.
    """
    film = FrameRun(opened, pictures)
    sampling = collect(film.run, seconds * (1 - OVERHEAD_SHARE))
    film.times.finish()
    kept = [frames[sampling.warmup :] for frames in film.times.frames]
    overhead = None
    if sampling.ended != "interrupted":
        overhead = spread(measuring_cost(film, seconds * OVERHEAD_SHARE))
    timing = measured(sampling, raw)
    least = stage_floors(opened, pictures, work, floor)
    stages = [
        stage
        for clock, frames in zip(film.times.clocks, kept, strict=True)
        for stage in stages_of(clock.name, frames, least, raw)
    ]
    return Frame(
        ms=timing,
        fps=rounded(1000 / timing.p50),
        megapixel_steps=rounded(opened.megapixel_steps),
        megapixel_steps_per_second=rounded(opened.megapixel_steps * 1000 / timing.p50),
        stages=stages,
        covered=rounded(covered(kept[0])),
        overhead=overhead,
    )


def stages_of(
    clock: str, frames: list[dict[str, float]], least: dict[str, float], raw: bool
) -> list[Stage]:
    """The stages of `frames` (stage -> seconds, `frame` the whole), in the order of a frame.

    least: floor of a stage, milliseconds.
    """
    whole = sum(frame["frame"] for frame in frames)
    found = []
    for name in ORDER:
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


def measuring_cost(film: FrameRun, seconds: float, pairs: int = 200) -> statistics.Spread:
    """Ratio of a frame noted by stage and one that is not, in turns; about `seconds`.

    Which of the two comes first changes from pair to pair.
    """

    def run(noted: bool) -> float:
        film.times.enabled = noted
        return film.run()

    plain, noted = alternate(lambda: run(False), lambda: run(True), seconds, pairs)
    film.times.enabled = True
    return statistics.ratios(plain, noted)


def alternate(
    first: Callable[[], float],
    second: Callable[[], float],
    seconds: float,
    pairs: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[list[float], list[float]]:
    """Results of two runs in turns (ab, ba, ab, ..), at least 2 pairs and at most `pairs`."""
    results: tuple[list[float], list[float]] = ([], [])
    end = clock() + seconds
    while len(results[0]) < 2 or (len(results[0]) < pairs and clock() < end):
        order = (0, 1) if len(results[0]) % 2 == 0 else (1, 0)
        pair = [0.0, 0.0]
        for which in order:
            pair[which] = (first, second)[which]()
        results[0].append(pair[0])
        results[1].append(pair[1])
    return results


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

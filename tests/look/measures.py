"""How a live dream looks, in figures: colour noise, climb, steadiness, strength, drift.

Each measure dreams by itself, with dreamers made by `make`, and gives plain numbers. What they
stand for by eye is written beside the aims in `__main__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from livedream.kernels import to_planar
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.flow import MotionTracker, following, sample, small_gray
from livedream.runtime.dream.values import Dream
from livedream.runtime.live.afterimage import Afterimage
from livedream.runtime.live.composing import HostCompositor
from livedream.runtime.live.composition import NONE, residual_of

Make = Callable[[Dream], Dreamer[Any]]
Objective = Callable[[np.ndarray], float]
"""Of an image, float32 [3, height, width]."""

RATE = 25
RATES = (6, 12, 25, 60)
JUDGED = 320
"""Long side of the flow that judges: finer than the one that carries."""


def as_networks_draw(dream: Dream) -> Dream:
    """`dream` with the gradient as it comes: what colour and scales are compared with."""
    return replace(dream, colour=1, coarseness=0)


def grown(
    dreamer: Dreamer[Any], picture: np.ndarray, frames: int, rate: float = RATE
) -> list[np.ndarray]:
    """The dreams of a picture that stands still."""
    return [np.asarray(dreamer.live(picture, index / rate)) for index in range(frames)]


def colour_noise(dream: np.ndarray, picture: np.ndarray) -> float:
    """Fine contrast of the dream's colours over that of its brightness: standard deviations of what
    is finer than sigma 2."""
    residual = (dream.astype(np.float32) - picture) / 255
    luma, red, blue = cv2.split(cv2.cvtColor(residual + 0.5, cv2.COLOR_BGR2YCrCb))
    fine = [plane - cv2.GaussianBlur(plane, (0, 0), 2) for plane in (luma, red, blue)]
    return float(np.hypot(fine[1].std(), fine[2].std()) / 2**0.5 / fine[0].std())


def colour_and_climb(
    make: Make, dream: Dream, pictures: Sequence[np.ndarray], objective: Objective, frames: int
) -> tuple[float, float]:
    """Colour noise and height climbed, each as a share of those under the gradient as it comes;
    means over the pictures, all under the same random shifts."""
    noise, climb = [], []
    for picture in pictures:
        ours, raw = (
            grown(make(each), picture, frames)[-1] for each in (dream, as_networks_draw(dream))
        )
        start = objective(to_planar(picture))
        noise.append(colour_noise(ours, picture) / colour_noise(raw, picture))
        climb.append((objective(to_planar(ours)) - start) / (objective(to_planar(raw)) - start))
    return float(np.mean(noise)), float(np.mean(climb))


def residuals(
    dreamer: Dreamer[Any], frames: Iterable[np.ndarray], calm: float, every: int = 1
) -> list[np.ndarray]:
    """What is laid over each frame, float32 in levels, as a show does it that dreams every
    `every`-th of them."""
    after, drift = Afterimage(HostCompositor()), dreamer.dream.drift
    shown = []
    for index, frame in enumerate(frames):
        time, gray = index / RATE, small_gray(frame)
        if index % every == 0:
            dream = np.asarray(dreamer.live(frame, time))
            after.dreamt(residual_of(dream, frame, dreamer.dream.camera), gray, time, drift)
            laid = after.at(None, time, drift, calm, 0)
        else:
            laid = after.at(gray, time, drift, calm, 0)
        nothing = np.full(frame.shape, NONE, np.uint8)
        shown.append((nothing if laid is None else laid).astype(np.float32) - NONE)
    return shown


def alone(dreamer: Dreamer[Any], frames: Iterable[np.ndarray]) -> list[np.ndarray]:
    """What is laid over each frame where each is dreamt by itself, as the notebook does."""
    return [np.asarray(dreamer.still(frame)).astype(np.float32) - frame for frame in frames]


def steadiness(frames: Sequence[np.ndarray], laid: Sequence[np.ndarray]) -> tuple[float, float]:
    """(flicker, stick) of what is laid over frames that move.

    flicker: mean change along the motion over mean size, where the motion can be told. stick:
    correlation with the last one, carried, where something moves more than two pixels; 1 where
    nothing does.
    """
    judge = _Judge()
    change = size = 0.0
    stick: list[float] = []
    for number in range(1, len(frames)):
        motion = judge.between(frames[number], frames[number - 1])
        if motion is None:
            continue
        flow, trusted = motion
        before = sample(laid[number - 1], following(*flow))
        now = laid[number]
        change += float((np.abs(now - before).mean(2) * trusted).sum())
        size += float((np.abs(now).mean(2) * trusted).sum())
        moved = trusted & (flow[0] ** 2 + flow[1] ** 2 > 4)
        if moved.sum() > 100:
            stick.append(_likeness(now[moved], before[moved]))
    return change / max(size, 1e-9), float(np.mean(stick)) if stick else 1.0


def _likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation; 0 where either is nothing."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


class _Judge:
    """Optical flow at the pictures' own size, by DIS at its finer setting."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._cuts = MotionTracker()

    def between(self, now: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(flow [2, h, w] from now to last, where it is trusted [h, w]); None at a cut."""
        if self._cuts.between(small_gray(now), small_gray(last)) is None:
            return None
        grays = [cv2.cvtColor(each, cv2.COLOR_BGR2GRAY) for each in (now, last)]
        back = self._flow.calc(grays[0], grays[1], None)  # pyright: ignore[reportCallIssue, reportArgumentType]
        forth = self._flow.calc(grays[1], grays[0], None)  # pyright: ignore[reportCallIssue, reportArgumentType]
        there = following(back[..., 0].copy(), back[..., 1].copy())
        error = np.linalg.norm(back + sample(forth, there), axis=2)
        return np.moveaxis(back, 2, 0), error < 1


def ghost(make: Make, dream: Dream, before: np.ndarray, after: np.ndarray, frames: int) -> float:
    """How much more the dream right after a cut is like the one before it than a fresh start is:
    difference of correlations, under the same random shifts."""
    cut, fresh = make(dream), make(dream)
    old = grown(cut, before, frames)[-1].astype(np.float32) - before
    fresh._random.bit_generator.state = cut._random.bit_generator.state
    carried = np.asarray(cut.live(after, frames / RATE)).astype(np.float32) - after
    start = np.asarray(fresh.live(after, 0.0)).astype(np.float32) - after
    return _likeness(old, carried) - _likeness(old, start)


def strengths(make: Make, dream: Dream, picture: np.ndarray) -> dict[int, float]:
    """By frames a second: mean change after one second, as a share of the dream's own limit."""
    return {
        rate: float(
            np.abs(grown(make(dream), picture, rate + 1, rate)[-1].astype(int) - picture).mean()
        )
        / dream.strength
        for rate in RATES
    }


def drift(
    dreamer: Dreamer[Any], picture: np.ndarray, frames: int, settled: int = 200, over: int = 200
) -> dict[str, float]:
    """How far a still picture's dream has come away, in the last frames, from what it was at frame
    `settled`: shares of mean brightness and contrast, and of all values that are clipped.

    Means of `over` frames, the earlier ones around `settled`: from one second to another a dream
    wanders by a hundredth and comes back, which is no drift.
    """
    early: list[tuple[float, float, float]] = []
    late: list[tuple[float, float, float]] = []
    first = max(0, settled - over // 2)
    for index in range(frames):
        dream = np.asarray(dreamer.live(picture, index / RATE))
        clipped = float(((dream <= 1) | (dream >= 254)).mean())
        for figures, begin in ((early, first), (late, frames - over)):
            if begin <= index < begin + over:
                figures.append((float(dream.mean()), float(dream.std()), clipped))
    before, after = np.mean(early, axis=0), np.mean(late, axis=0)
    return {
        "brightness": abs(float(after[0] / before[0]) - 1),
        "contrast": abs(float(after[1] / before[1]) - 1),
        "clipped": abs(float(after[2] - before[2])),
    }

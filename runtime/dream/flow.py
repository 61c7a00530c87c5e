"""Motion between two pictures: where each pixel was, whether that can be trusted, and cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

LONG_SIDE = 240
"""Pictures are made this small before the flow is computed. At 160 a dream flickers 20 % more on
fast pans, for 1.4 ms less."""

CUT = 0.12
"""Mean brightness difference (0..1) left after following the motion that makes it a new shot."""

DOUBT = 0.35
"""Of a picture's contrast, what of the brightness may be left after following the motion: more, and
the way back is followed too, which takes as long again. Between shots of two clips, dark ones as
well, at least 0.72 of it was left, over four frames within them at most 0.43, half the time 0.1."""

STRANGE = 0.2
"""Share of the picture that the motion explains, there and back, below which it is a new shot.
Between shots of two clips at most 0.08 were explained, within them at least 0.5."""

STILL = 0.15
"""Flow below this many small pixels is noise: an unmoved residual stays sharp."""

FINEST = 1
"""Halvings of the picture whose flow is computed, and enlarged from there."""

FARTHEST = 2.0 * LONG_SIDE
"""Small pixels that a flow may be long and still be one to start from."""

Flow = np.ndarray | Sequence[np.ndarray]
"""Two planes, x and y."""


@dataclass(frozen=True)
class Motion:
    """flow: float32 [2, h, w], (x, y) in pixels of that size, from the new picture to the last.
    keep: float32 [h, w], 0..1, how far the old dream still belongs there.
    """

    flow: np.ndarray
    keep: np.ndarray


@dataclass(frozen=True)
class Step:
    """From one picture to the next. last, now: `small_gray` of the two; motion: of
    `MotionTracker.between`. Whoever has the very same `last` need not look for it again."""

    last: np.ndarray
    now: np.ndarray
    motion: Motion | None


class MotionTracker:
    """Follows a stream of pictures with DIS optical flow (Kroeger et al., 2016)."""

    preset = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST

    def __init__(self) -> None:
        self.step: Step | None = None
        """The newest that was tracked; None before there is one."""
        # Two: where it is given no flow to start from, OpenCV's DIS still looks near the last that
        # it was given, and on a larger picture past the end of it, where the process ends.
        self._free = cv2.DISOpticalFlow.create(self.preset)
        self._guided = cv2.DISOpticalFlow.create(self.preset)
        self._last: np.ndarray | None = None

    def reset(self) -> None:
        """Forget the last picture."""
        self._last = self.step = None

    def track(self, bgr: np.ndarray) -> Motion | None:
        """Motion since the last picture, uint8 [height, width, 3]; None if there is no last one,
        its size was another, or a cut lies between.
        """
        now, last = small_gray(bgr), self._last
        self._last, self.step = now, None
        if last is None:
            return None
        motion = self.between(now, last)
        self.step = Step(last, now, motion)
        return motion

    def between(
        self, now: np.ndarray, last: np.ndarray, guess: np.ndarray | None = None
    ) -> Motion | None:
        """Motion from `last` to `now`, both of `small_gray`; None where their sizes differ or a cut
        lies between. Nothing is remembered.

        guess: a flow of that size to look near to, such as that to the picture before `now`.
        """
        if last.shape != now.shape:
            return None
        if guess is not None and not (guess.shape[1:] == now.shape and _near(guess)):
            guess = None
        x, y = cv2.split(self._flow_to(now, last, guess))
        there = following(x, y)
        difference = cv2.absdiff(now, sample(last, there))
        if cv2.mean(difference)[0] > CUT * 255:
            return None
        flow, keep = np.stack((x, y)), same_look(cv2.max(difference, outside(*there)))
        if doubtful(difference, now):
            forward = self._flow_to(last, now, None if guess is None else -guess)
            keep *= trusted(flow, cv2.split(sample(forward, there)))
            if keep.mean() < STRANGE:
                return None
        # Not by index: NumPy takes ten times as long for that where half the picture stands.
        flow *= length2(x, y) >= STILL**2
        return Motion(flow, cv2.blur(keep, (5, 5)))

    def flow_to(self, picture: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(x, y), float32 [h, w], in pixels from places of `picture` to those of `other`, both of
        `small_gray` and of one size; without a doubt about any."""
        x, y = cv2.split(self._flow_to(picture, other))
        return x, y

    def _flow_to(
        self, picture: np.ndarray, other: np.ndarray, guess: np.ndarray | None = None
    ) -> np.ndarray:
        """float32 [h, w, 2]."""
        # DIS writes its result over what it starts from.
        near = None if guess is None else cv2.merge(list(guess))
        dis = self._free if near is None else self._guided
        # Every time: OpenCV makes it finer for a tiny picture, and leaves it so for all after that.
        dis.setFinestScale(FINEST)
        # None: no flow to start from, which OpenCV's type stubs do not know of.
        return dis.calc(picture, other, near)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _near(flow: np.ndarray) -> bool:
    """Whether a flow is one to start from: OpenCV's DIS ends the process where it begins at what is
    no number."""
    return cv2.checkRange(flow.reshape(-1), True, -FARTHEST, FARTHEST)[0]


def following(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places, in pixels, that a flow (x, y) leads to from every pixel; all float32 [h, w]."""
    height, width = x.shape
    return (
        x + np.arange(width, dtype=np.float32),
        y + np.arange(height, dtype=np.float32)[:, None],
    )


def sample(values: np.ndarray, at: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """values [h, w] or [h, w, n] at the places (x, y), pixels; edges repeated."""
    return cv2.remap(values, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def small_gray(bgr: np.ndarray) -> np.ndarray:
    """uint8 [h, w], the long side at most LONG_SIDE."""
    height, width = bgr.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    # DIS works on patches of 8 pixels over a pyramid: tiny pictures must not fall below them.
    size = (max(32, round(width * scale)), max(32, round(height * scale)))
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)  # First: one plane is made small and not three.
    # To no less than half two by two pixels are all that there are; averages over parts of pixels
    # take five times as long.
    way = cv2.INTER_LINEAR if width <= 2 * size[0] and height <= 2 * size[1] else cv2.INTER_AREA
    return cv2.resize(gray, size, interpolation=way)


def outside(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """255 where the places (x, y), pixels, float32 [h, w], are more than one out of the picture,
    else 0: there is nothing but its edge repeated, which grows to streaks."""
    height, width = x.shape
    inside = cv2.bitwise_and(cv2.inRange(x, -1, width), cv2.inRange(y, -1, height))  # pyright: ignore[reportCallIssue, reportArgumentType]
    return cv2.bitwise_not(inside)


def doubtful(difference: np.ndarray, picture: np.ndarray) -> bool:
    """Whether so much of a picture, both uint8 [h, w], differs from what it is told to be that it
    may be of another shot."""
    return cv2.mean(difference)[0] > DOUBT * cv2.meanStdDev(picture)[1][0, 0]


def length2(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared length. Plane by plane: NumPy is slow along a last axis of two."""
    return x * x + y * y


def trusted(backward: Flow, forward_there: Flow) -> np.ndarray:
    """1 where going back and forth ends where it began, else 0; float32 [h, w].

    backward: (x, y) planes in pixels; forward_there: the forward flow at the places it leads to.
    Where something was uncovered the two disagree. Criterion: Sundaram, Brox, Keutzer, ECCV 2010.
    """
    (bx, by), (fx, fy) = backward, forward_there
    error = length2(bx + fx, by + fy)
    allowed = np.float32(0.01) * (length2(bx, by) + length2(fx, fy)) + np.float32(0.5)
    return (error <= allowed).astype(np.float32)


def same_look(difference: np.ndarray) -> np.ndarray:
    """1 where the followed picture looks the same, falling to 0; float32 [h, w].

    difference: uint8 [h, w], brightness. Smoothed first: sensor noise is no new object.
    """
    smooth = cv2.blur(difference, (5, 5)).astype(np.float32)
    return np.clip(1.25 - smooth / 16, 0, 1)

"""Detail where it pays: what a dream has more of at twice its size, climbed one window a dream.

A dream of twice the size costs four times as much. This costs one octave more: every dream, another
window of the finer picture is climbed at the size that sessions are open for, and what it changed
stays, and follows the motion, until its turn comes again.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..dream.dreamer import Dreamer
from ..dream.flow import following
from .composition import NONE, compose

TIMES = 2
"""Of the sides of what is dreamt."""

WIDER = 1.5
"""The steps of a window, against those of an octave: its turn comes once in four dreams."""

SOFT = 24
"""Pixels over which a window runs out."""

SHARE = 0.5
"""Of the dream's strength, what this is limited to."""


LEAVING, GONE = 0.8, 0.25
"""Of what is climbed no further, the share that stays from one dream to the next, and the mean
change, in levels, that nobody sees any more."""


class Finer:
    """The finer detail of what `dreamer` dreams."""

    def __init__(self, dreamer: Dreamer[Any], seed: int = 0) -> None:
        self._dreamer = dreamer
        self._random = np.random.default_rng(seed)
        self._detail: np.ndarray | None = None

    def reset(self) -> None:
        """Let go of it."""
        self._detail = None

    def grown(self, camera: np.ndarray, residual: np.ndarray, contrast: float) -> np.ndarray:
        """What belongs onto the last dream of `dreamer`, as bytes around NONE [TIMES * h, TIMES *
        w, 3], one window further.

        camera: its frame, uint8 of that size. residual: what it added, bytes around NONE [h, w, 3].
        contrast: what the camera kept of its own.
        """
        detail = self._carried(camera.shape)
        high, wide = residual.shape[:2]
        y, x = self._place(high), self._place(wide)
        here = slice(y, y + high), slice(x, x + wide)
        picture = compose(camera, residual, 1, contrast)[here]
        window = cv2.add(picture, detail[here], dtype=cv2.CV_8U)
        mask = self._dreamer.mask
        if mask is not None:
            mask = np.ascontiguousarray(cv2.resize(mask, (TIMES * wide, TIMES * high))[here])
        if mask is None or mask.any():
            climbed = self._dreamer.touched(window, WIDER, mask)
            change = cv2.subtract(climbed, window, dtype=cv2.CV_32F)
            soft = feather(y, high, TIMES * high)[:, None] * feather(x, wide, TIMES * wide)
            detail[here] += change * soft[..., None]
        most, mean = SHARE * self._dreamer.dream.strength, float(np.abs(detail).mean())
        if 0 < most < mean:
            detail *= np.float32(most / mean)
        self._detail = detail
        return _bytes(detail)

    def leaving(self, height: int, width: int) -> np.ndarray | None:
        """What is left of it on the last dream, of height x width, as bytes around NONE: a little
        less each time, so that nothing is seen to go; None where nothing is left."""
        if self._detail is None:
            return None
        detail = self._carried((TIMES * height, TIMES * width, 3)) * np.float32(LEAVING)
        there = float(np.abs(detail).mean()) > GONE
        self._detail = detail if there else None
        return _bytes(detail) if there else None

    def _place(self, length: int) -> int:
        """Where the next window begins. Often at the edge: else little would grow there."""
        longest = (TIMES - 1) * length
        start = int(self._random.integers(-length // 2, longest + length // 2, endpoint=True))
        return min(max(start, 0), longest)

    def _carried(self, shape: tuple[int, ...]) -> np.ndarray:
        """That of the dream before, float32 levels, where it belongs in this one."""
        motion, detail = self._dreamer.carried, self._detail
        if motion is None or detail is None or detail.shape != shape:
            return np.zeros(shape, np.float32)
        height, width = shape[:2]
        scale = width / motion.flow.shape[2], height / motion.flow.shape[1]
        x, y = (
            cv2.resize(plane, (width, height)) * np.float32(times)
            for plane, times in zip(motion.flow, scale, strict=True)
        )
        edge = cv2.BORDER_REPLICATE
        moved = cv2.remap(detail, *following(x, y), cv2.INTER_CUBIC, borderMode=edge)
        return moved * cv2.resize(motion.keep, (width, height))[..., None]


def _bytes(detail: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(detail) + NONE, 0, 255).astype(np.uint8)


def feather(start: int, length: int, whole: int) -> np.ndarray:
    """float32 [length]: how much a window counts that begins at `start` of a side of `whole`
    pixels: 1 inside, falling over SOFT pixels, or what there is room for, to where there is more.
    """
    inward = np.full(length, np.inf)
    if start > 0:
        inward = np.arange(length) + 0.5
    if start + length < whole:
        inward = np.minimum(inward, np.arange(length)[::-1] + 0.5)
    return np.minimum(1, inward / max(1, min(SOFT, length // 4))).astype(np.float32)


def with_detail(residual: np.ndarray, detail: np.ndarray) -> np.ndarray:
    """Both together: bytes around NONE as large as `detail`."""
    height, width = detail.shape[:2]
    large = cv2.resize(residual, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(large, 1, detail, 1, -NONE)

"""Fitting pictures into boxes."""

from __future__ import annotations

import re

import cv2
import numpy as np

from .errors import UsageError

LARGEST = 8192
"""Pixels of a side that may be asked for."""

COMFORTABLE = 1920 * 1080
"""Pixels. A network and its gradient take 1.5 to 2.5 KB a pixel: up to 5 GB."""


def parse_size(text: str) -> tuple[int, int]:
    """`640x480` as (640, 480), width and height in pixels. Raises UsageError for what is none."""
    match = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text.strip())
    if not match:
        raise UsageError(f"'{text}' is no size; write width x height, such as 640x480.")
    width, height = int(match[1]), int(match[2])
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise UsageError(f"'{text}' is no size; a side has 1 to {LARGEST} pixels.")
    return width, height


def fit(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of the same aspect inside `box`, (width, height) too."""
    scale = min(box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def scaled(bgr: np.ndarray, box: tuple[int, int] | None) -> np.ndarray:
    """The picture, uint8 [height, width, 3], fitted into `box`; None leaves it."""
    height, width = bgr.shape[:2]
    return resized(bgr, *((width, height) if box is None else fit(width, height, box)))


def resized(bgr: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture, uint8 [h, w, 3], at exactly this size; itself where it has it."""
    if bgr.shape[:2] == (height, width):
        return bgr
    if width < bgr.shape[1]:
        return _averaged(bgr, width, height)
    return cv2.resize(bgr, (width, height), interpolation=cv2.INTER_CUBIC)


def _averaged(bgr: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture, made smaller by averages."""
    high, wide = bgr.shape[:2]
    if wide % 2 == high % 2 == 0 and wide >= 2 * width and high >= 2 * height:
        # Halves of whole pixels cost OpenCV next to nothing, and leave a quarter for the rest.
        bgr = cv2.resize(bgr, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)


def letterbox(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture as large as fits into `size` (width, height), centred on black.

    Returns a new uint8 [height, width, 3].
    """
    width, height = fit(image.shape[1], image.shape[0], size)
    if 2 * width <= image.shape[1]:
        large = _averaged(image, width, height)
    else:
        # As screens do, also a little smaller: averages over parts of pixels take five times as
        # long, 9 ms from 1920x1080 to 1280x720, for every picture that is shown.
        large = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    if (width, height) == size:
        return large
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return cv2.copyMakeBorder(
        large, top, size[1] - height - top, left, size[0] - width - left,
        cv2.BORDER_CONSTANT, value=(0, 0, 0),
    )  # fmt: skip


def comfortable(width: int, height: int) -> tuple[int, int]:
    """(width, height) that a common computer has the memory to dream: of the same aspect, at most
    COMFORTABLE pixels, and never larger than it is.
    """
    scale = min(1.0, (COMFORTABLE / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))

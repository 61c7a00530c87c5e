"""A picture in time: what every source yields and every output takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    image: uint8 [height, width, 3], BGR, OpenCV's order.
    time: seconds of `time.monotonic()` at capture, so that the age at display is known.
    index: counts the source's frames from 0, also those nobody took.
    """

    image: np.ndarray
    time: float
    index: int

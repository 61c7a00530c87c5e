"""A picture in time: what every source yields and every output takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import LivedreamError


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


def as_picture(image: object) -> np.ndarray:
    """`image` where it is uint8 BGR [height, width, 3]. Raises LivedreamError for anything else:
    drivers and damaged streams give it now and then."""
    if not isinstance(image, np.ndarray):
        raise LivedreamError("The source gave something that is no picture.")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        shape = "x".join(map(str, image.shape))
        raise LivedreamError(f"The source gave {image.dtype} {shape}, which is no colour picture.")
    return image

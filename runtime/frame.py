"""A picture in time: what every source yields and every output takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .errors import LivedreamError
from .scaling import resized


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
    _small: dict[tuple[int, int], np.ndarray] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def small(self, width: int, height: int) -> np.ndarray:
        """The picture at this size, as `resized` makes it, once for all who ask: nobody writes on
        it. Raises LivedreamError where it is none."""
        found = self._small.get((width, height))
        if found is None:
            found = self._small[width, height] = resized(as_picture(self.image), width, height)
        return found


def as_picture(image: object) -> np.ndarray:
    """`image` where it is uint8 BGR [height, width, 3]. Raises LivedreamError for anything else:
    drivers and damaged streams give it now and then."""
    if not isinstance(image, np.ndarray):
        raise LivedreamError("The source gave something that is no picture.")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        shape = "x".join(map(str, image.shape))
        raise LivedreamError(f"The source gave {image.dtype} {shape}, which is no colour picture.")
    return image

"""What the flash limiter does with pixels, and how the processor does it."""

from __future__ import annotations

from typing import Protocol, TypeVar

import cv2
import numpy as np

from .cells import Meter, Part, parts, smoothed, strips

Picture = TypeVar("Picture")
"""uint8 BGR [height, width, 3], wherever it lies."""

Size = tuple[int, int]
"""(height, width) in pixels."""


class Pixels(Protocol[Picture]):
    """What the limiter needs of pictures. Cells are in host memory, as of `Meter.measure`."""

    def size(self, picture: Picture) -> Size: ...

    def measure(self, picture: Picture) -> np.ndarray:
        """Its cells."""
        ...

    def pulled(
        self, picture: Picture, before: Picture, weights: np.ndarray, cells: np.ndarray
    ) -> tuple[Picture, np.ndarray]:
        """A new picture: of `before`, which has the same size, as much as `smoothed` of `weights`,
        0..1 [cells], says, and of `picture`, whose cells those are, the rest. And its cells."""
        ...

    def kept(self, picture: Picture, room: Picture | None = None) -> Picture:
        """The same picture, which nobody else writes on; in the memory of `room`, which is not used
        any more, where that is as large."""
        ...

    def fitted(self, picture: Picture, size: Size) -> Picture:
        """A picture of another size."""
        ...


class Processor:
    """Pictures in host memory."""

    def __init__(self) -> None:
        self._meter = Meter()

    def size(self, picture: np.ndarray) -> Size:
        return picture.shape[0], picture.shape[1]

    def measure(self, picture: np.ndarray) -> np.ndarray:
        return self._meter.measure(picture)

    def pulled(
        self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray, cells: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        mixed, changed = blended(picture, before, weights)
        return mixed, self._meter.measure_again(mixed, cells, changed)

    def kept(self, picture: np.ndarray, room: np.ndarray | None = None) -> np.ndarray:
        if room is None or room.shape != picture.shape:
            return picture.copy()
        np.copyto(room, picture)
        return room

    def fitted(self, picture: np.ndarray, size: Size) -> np.ndarray:
        return cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_AREA)


def blended(
    picture: np.ndarray, before: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, list[Part]]:
    """The picture, pulled toward the one before, and where that may change it."""
    size = picture.shape[1], picture.shape[0]
    smooth = smoothed(weights)
    much = cv2.resize(as_bytes(smooth), size, interpolation=cv2.INTER_LINEAR)
    mixed, changed = picture.copy(), parts(smooth, size)
    for rows, columns in changed:
        for strip in strips(rows, columns.stop - columns.start):
            here = strip, columns
            mixed[here] = _mix(picture[here], before[here], much[here])
    return mixed, changed


def _mix(picture: np.ndarray, before: np.ndarray, much: np.ndarray) -> np.ndarray:
    """`much`, uint8 [h, w], of 255 parts of the picture before and the rest of the picture: where
    it is 255 or 0 one of the two, to the bit. In bytes: OpenCV blends by float32 weights in three
    times the time."""
    share = cv2.merge([much] * 3)
    pulled = cv2.multiply(before, share, scale=1 / 255)
    kept = cv2.multiply(picture, cv2.bitwise_not(share), scale=1 / 255)
    return cv2.add(kept, pulled)


def as_bytes(weights: np.ndarray) -> np.ndarray:
    """Weights 0..1 as uint8 0..255, rounded up: none pulls less than it says."""
    return np.ceil(weights * 255).astype(np.uint8)

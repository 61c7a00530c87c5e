"""What keeps the light safe needs of pictures, and how the processor does it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

import cv2
import numpy as np

from .cells import FINE, smoothed, widened
from .meter import Meter

Picture = TypeVar("Picture")
"""uint8 BGR [height, width, 3], wherever it lies."""

Size = tuple[int, int]
"""(height, width) in pixels."""


class Pixels(Protocol[Picture]):
    """What limiter and softening do with pictures. Cells lie in host memory, as of `Meter`."""

    def size(self, picture: Picture) -> Size: ...

    def foreseen(self, picture: Picture) -> np.ndarray | None:
        """About its cells, for much less than measuring takes; None where nothing is less."""
        ...

    def measure(self, picture: Picture) -> np.ndarray:
        """Its cells."""
        ...

    def pulled(
        self, picture: Picture, before: Picture, weights: np.ndarray
    ) -> tuple[Picture, np.ndarray]:
        """A new picture: of `before`, which has the same size, as much as `smoothed` of `weights`,
        0..1 [cells], says, and of `picture` the rest. And its cells. Asked again for the same two
        it may write on what it gave."""
        ...

    def kept(self, picture: Picture) -> Picture:
        """The same picture, which nobody writes on from now on."""
        ...

    def fitted(self, picture: Picture, size: Size) -> Picture:
        """A picture of another size."""
        ...

    def small(self, picture: Picture) -> np.ndarray:
        """As much of it as stripes are looked for in: uint8 BGR [rows, columns, 3] of FINE."""
        ...

    def toward(self, picture: Picture, small: np.ndarray, weight: float) -> Picture:
        """A new picture: the given one, pulled by `weight`, 0..1, toward a small one enlarged."""
        ...


class _Mix(NamedTuple):
    """What was made of two pictures, and by which weights, uint8 as FINE."""

    picture: np.ndarray
    before: np.ndarray
    weights: np.ndarray
    mixed: np.ndarray


class Processor:
    """Pictures in host memory."""

    def __init__(self) -> None:
        self._meter, self._glance = Meter(), Meter()
        self._measured: np.ndarray | None = None
        """The picture that the meter knows."""
        self._mix: _Mix | None = None

    def size(self, picture: np.ndarray) -> Size:
        return picture.shape[0], picture.shape[1]

    def foreseen(self, picture: np.ndarray) -> np.ndarray | None:
        """Of the picture made smaller by its codes, which are not linear in light: where a cell
        has much contrast it is a little darker than it should be."""
        self._measured = self._mix = None
        small = halved(picture)
        return None if small is picture else self._glance.measure(small)

    def measure(self, picture: np.ndarray) -> np.ndarray:
        self._measured, self._mix = picture, None
        return self._meter.measure(picture)

    def pulled(
        self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        meter, last = self._meter, self._mix
        meter.begin(picture.shape)
        codes = as_bytes(smoothed(weights))
        again = last is not None and last.picture is picture and last.before is before
        if last is not None and again:
            mixed, differs = last.mixed, codes != last.weights
        else:
            mixed, differs = np.empty_like(picture), codes > 0
        width = picture.shape[1]
        much = enlarged(codes, picture.shape)
        # Between two cells the weights run from one to the other.
        touched = widened(differs.astype(np.uint8)) > 0
        known = again or self._measured is picture
        for strip, runs in zip(meter.strips, _runs(touched, len(meter.strips), width), strict=True):
            if not again and runs != [slice(0, width)]:
                mixed[strip] = picture[strip]
            for columns in runs:
                here = strip, columns
                _fill_mixed(mixed[here], picture[here], before[here], much[here])
                if known:
                    meter.fill(mixed, strip, columns)
            if not known:
                meter.fill(mixed, strip)
        self._measured, self._mix = mixed, _Mix(picture, before, codes, mixed)
        return mixed, meter.cells()

    def mixed(self, picture: np.ndarray, before: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The picture of `pulled` alone, for those that are small."""
        much = enlarged(as_bytes(smoothed(weights)), picture.shape)
        made = np.empty_like(picture)
        _fill_mixed(made, picture, before, much)
        return made

    def kept(self, picture: np.ndarray) -> np.ndarray:
        picture.flags.writeable = False
        return picture

    def fitted(self, picture: np.ndarray, size: Size) -> np.ndarray:
        return cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_AREA)

    def small(self, picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, FINE, interpolation=cv2.INTER_AREA)

    def toward(self, picture: np.ndarray, small: np.ndarray, weight: float) -> np.ndarray:
        enlarged = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return cv2.addWeighted(picture, 1 - weight, enlarged, weight, 0)


def halved(picture: np.ndarray) -> np.ndarray:
    """The picture at half its size, and so on, as long as a cell has 2 by 2 whole pixels: halves
    cost OpenCV next to nothing."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2 or height < 4 * FINE[1] or width < 4 * FINE[0]:
        return picture
    return halved(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA))


def _runs(cells: np.ndarray, strips: int, width: int) -> list[list[slice]]:
    """Of each strip, in runs, the columns of pixels that have any of the cells, bool as FINE."""
    there = np.zeros((strips, FINE[0] + 2), bool)
    there[:, 1:-1] = cells.reshape(strips, -1, FINE[0]).max(axis=1)
    found: list[list[slice]] = [[] for _ in range(strips)]
    edges = np.argwhere(there[:, 1:] != there[:, :-1]).tolist()
    for (strip, begin), (_, end) in zip(edges[::2], edges[1::2], strict=True):
        found[strip].append(slice(begin * width // FINE[0], -(-end * width // FINE[0])))
    return found


def _fill_mixed(
    mixed: np.ndarray, picture: np.ndarray, before: np.ndarray, much: np.ndarray
) -> None:
    """Fills with `much`, uint8 [h, w], of 255 parts of the picture before and the rest of the
    picture: where it is 255 or 0 one of the two, to the bit. In bytes: OpenCV blends by float32
    weights in three times the time."""
    share = cv2.cvtColor(much, cv2.COLOR_GRAY2BGR)
    pulled = cv2.multiply(before, share, scale=1 / 255)
    cv2.bitwise_not(share, share)
    cv2.multiply(picture, share, share, scale=1 / 255)
    cv2.add(share, pulled, mixed)


def enlarged(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of FINE, uint8, one for each pixel of a picture of that shape."""
    return cv2.resize(weights, shape[1::-1], interpolation=cv2.INTER_LINEAR)


def as_bytes(weights: np.ndarray) -> np.ndarray:
    """Weights 0..1 as uint8 0..255, rounded up: none pulls less than it says."""
    return np.ceil(weights * 255).astype(np.uint8)

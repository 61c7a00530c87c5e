"""The `cuda` device: images stay on the card, every operation is a kernel queued on one stream.

Nothing waits but the read of a finished picture, once a frame. Arrays come from a pool, so that a
steady stream of frames allocates nothing. Passes over memory are saved where the next operation can
take an earlier one in: differences, resampled, warped and limited images are computed when they are
added to something, in the same pass.

Tested with the same kernels on the processor; the overlap of copies and work needs a card to see.
"""

from __future__ import annotations

import weakref
from typing import cast

import numpy as np

from ...kernels.balance import halvings
from ...kernels.launcher import Launcher
from ...kernels.operations import Operations
from ..dream.priors import pruned
from .buffers import Buffer
from .card_compositor import CardCompositor
from .card_memory import FLOAT, CardMemory
from .gate import GATE, Gate
from .image import CardPicture, Difference, Image, Limited, Resampled, Size, Warped
from .readback import Download, Drawn


class CudaDevice(CardMemory):
    """`Device` over a launcher. One thread dreams with it; others may read downloads.

    ahead: frames that may be queued before the last one is finished. With 0 `download` waits and
    gives an array. With 1 it returns at once a `Download`, read with `np.asarray`, and the work of
    the processor for the next frame (upload, optical flow) runs beside the card's for this one; at
    most one frame is under way besides, however late the reader.

    gate: as of `CardMemory`. index: of the card, CUDA's number.

    An array from `jitter` holds until the next `jitter` at its size: it lies where the network
    reads. Raises RuntimeError where an older one is used.
    """

    def __init__(
        self, launcher: Launcher, *, ahead: int = 0, gate: Gate = GATE, index: int = 0
    ) -> None:
        if ahead not in (0, 1):
            raise ValueError(f"ahead is 0 or 1, not {ahead}")
        super().__init__(launcher, gate)
        self.index = index
        self._operations = Operations(launcher, self.stream)
        self._ahead = ahead
        self._under_way: Drawn | None = None
        self._measured: weakref.ref[Buffer] | None = None
        self._mask: tuple[np.ndarray, Buffer] | None = None
        """The last one, and where it lies."""

    # Device

    def upload(self, bgr: np.ndarray, contrast: float = 1.0) -> Image:
        size = bgr.shape[0], bgr.shape[1]
        raw = self.send(bgr, np.uint8)
        image = self._new(size)
        self._operations.to_planar(_at(image), raw.pointer, size, contrast)
        return image

    def download(self, image: Image, base: Image | None = None) -> np.ndarray:
        # First: what is queued until now is done when the picture is, from whichever thread.
        uploads, self._uploads = self._uploads, []
        height, width = image.size
        raw = self.pool.take(height * width * 3)
        self._operations.to_bytes(raw.pointer, self._pointer(image), image.size)
        drawn = Drawn(self._recorded(self.stream), uploads)
        download = Download(self, CardPicture(image.size, raw), drawn, base)
        if not self._ahead:
            return download.read()
        last, self._under_way = self._under_way, drawn
        if last:
            last.finish(self)
        # Not an array yet, but everything that reads it through np.asarray gets one.
        return cast(np.ndarray, download)

    def compositor(self) -> CardCompositor:
        return CardCompositor(self)

    def size(self, image: Image) -> Size:
        return image.size

    def add(self, image: Image, other: Image) -> Image:
        later = other.later
        if isinstance(later, Limited) and later.base is image:
            return self._limit_sum(other, later)
        out = self._new(image.size)
        if isinstance(later, Resampled):
            self._resample(out, later, plus=image)
        elif isinstance(later, Warped):
            self._warp(out, later, plus=image)
        else:
            self._operations.add(_at(out), self._pointer(image), self._pointer(other), image.size)
        return out

    def subtract(self, image: Image, other: Image) -> Image:
        difference = Image(image.size, later=Difference(image, other))
        if not (image.lasting and other.lasting):
            self._pointer(difference)
        return difference

    def jitter(self, image: Image, dx: int, dy: int) -> Image:
        place, pointer = self.place(image.size), self._pointer(image)
        if image.place is place:
            out = self._new(image.size)
            self._operations.jitter(_at(out), pointer, image.size, dx, dy)
            return out
        place.generation += 1
        self._operations.jitter(place.buffer.pointer, pointer, image.size, dx, dy)
        return Image(image.size, place=place, generation=place.generation)

    def blur(self, gradient: Image, sigma: float) -> Image:
        if sigma <= 0:
            return gradient
        out = self._new(gradient.size)
        pointer = self._pointer(gradient)
        self._operations.blur(_at(out), pointer, gradient.size, sigma, measure=True)
        self._measured = None if out.buffer is None else weakref.ref(out.buffer)
        return out

    def balance(self, gradient: Image, colour: float, coarseness: float) -> Image:
        out, pointer = self._new(gradient.size), self._pointer(gradient)
        sizes = halvings(*gradient.size)[1:] if coarseness > 0 else []
        halves = [self._new(size) for size in sizes]
        places = [_at(half) for half in halves]
        self._operations.balance(_at(out), pointer, gradient.size, colour, coarseness, places)
        self._measured = None if out.buffer is None else weakref.ref(out.buffer)
        return out

    def ascend(self, image: Image, gradient: Image, step: float, dx: int, dy: int) -> Image:
        out = self._new(image.size)
        measured = self._measured is not None and self._measured() is gradient.buffer
        self._operations.ascend(
            _at(out),
            self._pointer(image),
            self._pointer(gradient),
            image.size,
            step,
            dx,
            dy,
            measured=measured and gradient.buffer is not None,
        )
        self._measured = None
        return out

    def resample(self, image: Image, height: int, width: int, align_corners: bool = False) -> Image:
        later = image.later
        if isinstance(later, Difference):
            recipe = Resampled(later.image, later.base, align_corners)
            return Image((height, width), later=recipe)
        out = Image((height, width), later=Resampled(image, None, align_corners))
        if not image.lasting or min(height, width) < 1:
            self._pointer(out)
        return out

    def warp(self, residual: Image, flow: np.ndarray, keep: np.ndarray) -> Image:
        self._pointer(residual)
        flow_size, keep_size = (flow.shape[1], flow.shape[2]), (keep.shape[0], keep.shape[1])
        recipe = Warped(
            residual,
            self.send(flow, np.float32),
            flow_size,
            self.send(keep, np.float32),
            keep_size,
        )
        out = Image(residual.size, later=recipe)
        if not residual.lasting:
            self._pointer(out)
        return out

    def mask(self, values: Image, weights: np.ndarray, dx: int, dy: int) -> Image:
        out, pointer = self._new(values.size), self._pointer(values)
        # All steps of a frame have one, and those of the next where nothing moves.
        if self._mask is None or self._mask[0] is not weights:
            self._mask = weights, self.send(weights, np.float32)
        there, size = self._mask[1], (weights.shape[0], weights.shape[1])
        self._operations.mask(_at(out), pointer, values.size, there.pointer, size, dx, dy)
        return out

    def pull(
        self, gradient: Image, residual: Image, tv: float, l2: float, dx: int, dy: int
    ) -> Image:
        out = self._new(gradient.size)
        there, added = self._pointer(gradient), self._pointer(residual)
        self._operations.pull(_at(out), there, added, gradient.size, tv, l2, dx, dy)
        self._measured = None
        return out

    def prune(
        self, residual: Image, gradient: Image, faint: float, idle: float, dx: int, dy: int
    ) -> Image:
        # By the processor, and slow: an order of all pixels is no kernel of a few lines.
        return self.put(pruned(self.fetch(residual), self.fetch(gradient), faint, idle, dx, dy))

    def limit(self, residual: Image, strength: float) -> Image:
        later = residual.later
        if isinstance(later, Difference):
            return Image(residual.size, later=Limited(later.image, later.base, strength))
        out = self._new(residual.size)
        self._operations.limit(_at(out), self._pointer(residual), residual.size, strength)
        self._measured = None
        return out

    # For engines

    def network_input(self, image: Image) -> None:
        """Have `image` lie at `place(size)`, as it does after a `jitter`."""
        if image.place is not self.place(image.size):
            image = self.jitter(image, 0, 0)
        self._pointer(image)

    def fetch(self, image: Image) -> np.ndarray:
        """float32 [3, height, width] in host memory. Waits for the card: not for a live frame."""
        pointer = self._pointer(image)
        # As in `download`; else a still picture's many steps would pile them up.
        uploads, self._uploads = self._uploads, []
        host = self.host.take((3, *image.size), np.float32)
        self.launcher.copy_from(host, pointer, self.stream)
        with self.may_wait():
            self.launcher.synchronize(self.stream)
        uploads.clear()
        return host

    def put(self, planes: np.ndarray) -> Image:
        """float32 [3, height, width] from host memory."""
        return Image((planes.shape[1], planes.shape[2]), self.send(planes, np.float32))

    # Inside

    def _new(self, size: Size) -> Image:
        return Image(size, self.pool.take(3 * size[0] * size[1] * FLOAT))

    def _pointer(self, image: Image) -> int:
        """Its address, computing it first where it was put off."""
        if image.place is not None:
            if image.generation != image.place.generation:
                raise RuntimeError("an array was used after the next one was written in its place")
            return image.place.buffer.pointer
        if image.later is not None:
            self._compute(image)
        return _at(image)

    def _compute(self, image: Image) -> None:
        later, out = image.later, self._new(image.size)
        if isinstance(later, Difference):
            pointers = self._pointer(later.image), self._pointer(later.base)
            self._operations.subtract(_at(out), *pointers, image.size)
        elif isinstance(later, Resampled):
            self._resample(out, later)
        elif isinstance(later, Warped):
            self._warp(out, later)
        elif isinstance(later, Limited):
            pointers = self._pointer(later.image), self._pointer(later.base)
            self._operations.subtract(_at(out), *pointers, image.size)
            self._operations.limit(_at(out), _at(out), image.size, later.strength)
            self._measured = None
        image.buffer, image.later = out.buffer, None

    def _resample(self, out: Image, later: Resampled, plus: Image | None = None) -> None:
        self._operations.resample(
            _at(out),
            out.size,
            self._pointer(later.source),
            later.source.size,
            later.align_corners,
            minus=0 if later.minus is None else self._pointer(later.minus),
            plus=0 if plus is None else self._pointer(plus),
        )

    def _warp(self, out: Image, later: Warped, plus: Image | None = None) -> None:
        self._operations.warp(
            _at(out),
            self._pointer(later.residual),
            out.size,
            later.flow.pointer,
            later.flow_size,
            later.keep.pointer,
            later.keep_size,
            plus=0 if plus is None else self._pointer(plus),
        )

    def _limit_sum(self, residual: Image, later: Limited) -> Image:
        """Both the limited residual, which the next frame needs, and base plus it, in one pass."""
        kept, out = self._new(residual.size), self._new(residual.size)
        pointers = self._pointer(later.image), self._pointer(later.base)
        self._operations.limit_sum(_at(kept), _at(out), *pointers, residual.size, later.strength)
        self._measured = None
        residual.buffer, residual.later = kept.buffer, None
        return out


def _at(image: Image) -> int:
    assert image.buffer is not None
    return image.buffer.pointer

"""Pictures composed on the card: what is shown comes from one upload of the camera's bytes, and the
dream's residual never leaves the card.

It has a stream of its own: a picture waits for no dream but the one that it shows. Tested with the
same kernels on the processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.operations import Operations
from ..dream.flow import Motion
from .buffers import Buffer, Pool
from .card_memory import CardMemory
from .card_pixels import CardPixels
from .image import CardPicture
from .readback import Download, on_card


class CardCompositor:
    """See `Compositor`. Its thread is attached to the device's card. Raises CardError."""

    @on_card
    def __init__(self, memory: CardMemory) -> None:
        self._memory = memory
        self._stream = memory.launcher.stream(urgent=True)
        # Of memory that is used on that stream alone.
        self._pool = Pool(memory.launcher, memory.may_wait)
        self._operations = Operations(memory.launcher, self._stream)
        self.pixels = CardPixels(memory, self._stream, self._pool, self._operations)
        self._used: list[object] = []
        """What queued work still reads, and others would use again."""

    @on_card
    def upload(self, image: np.ndarray) -> CardPicture:
        return CardPicture((image.shape[0], image.shape[1]), self._sent(image, np.uint8))

    @on_card
    def download(self, picture: CardPicture) -> np.ndarray:
        host = self._memory.copied(picture, None, self._stream)
        self._used.clear()
        return host

    @on_card
    def dreamt(self, result: Download) -> CardPicture:
        result.drawn.before(self._memory.launcher, self._stream)
        self._used.append(result)
        return result.picture

    @on_card
    def residual(
        self, result: Download, picture: np.ndarray, contrast: float, detail: np.ndarray | None
    ) -> CardPicture:
        base = result.base and result.base.buffer
        if base is None:
            raise ValueError("a dream whose base is not known")
        dream = self.dreamt(result)
        made = self._new(dream.size)
        places = made.buffer.pointer, dream.buffer.pointer, base.pointer
        self._operations.residual(*places, dream.size)
        # Added to the finer detail as it would be to a picture.
        return made if detail is None else self._laid(self.upload(detail), made)

    @on_card
    def blended(self, residual: CardPicture, other: CardPicture, share: float) -> CardPicture:
        made = self._new(residual.size)
        places = made.buffer.pointer, residual.buffer.pointer, other.buffer.pointer
        self._operations.blend(*places, residual.size, share)
        return made

    @on_card
    def carried(
        self, residual: CardPicture, motion: Motion, share: np.ndarray | None, like: CardPicture
    ) -> CardPicture:
        keep = motion.keep if share is None else motion.keep * share
        return self._moved(residual, like.size, motion.flow, keep)

    @on_card
    def held(self, residual: CardPicture, keep: np.ndarray) -> CardPicture:
        return self._moved(residual, residual.size, None, keep)

    @on_card
    def composed(
        self,
        picture: CardPicture,
        residual: CardPicture | None,
        amount: float,
        contrast: float,
        mask: np.ndarray | None,
        light: float,
    ) -> CardPicture:
        if residual is None or amount == 0:
            return picture if light == 1 else self._laid(picture, None, light=light)
        return self._laid(picture, residual, mask, amount, contrast, light)

    @on_card
    def close(self) -> None:
        memory, launcher = self._memory, self._memory.launcher
        # As of `CardMemory.trim`.
        with memory.gate.waiting():
            launcher.synchronize(self._stream)
            self._used.clear()
            self._operations.close()
            self._pool.trim()

    def _laid(
        self,
        picture: CardPicture,
        residual: CardPicture | None,
        mask: np.ndarray | None = None,
        amount: float = 1.0,
        contrast: float = 1.0,
        light: float = 1.0,
    ) -> CardPicture:
        made, weights = self._new(picture.size), None if mask is None else self._sent(mask)
        self._operations.compose(
            made.buffer.pointer,
            picture.buffer.pointer,
            picture.size,
            residual.buffer.pointer if residual else 0,
            residual.size if residual else (1, 1),
            weights.pointer if weights else 0,
            (1, 1) if mask is None else (mask.shape[0], mask.shape[1]),
            amount=amount,
            contrast=contrast,
            light=light,
        )
        return made

    def _moved(
        self,
        residual: CardPicture,
        size: tuple[int, int],
        flow: np.ndarray | None,
        keep: np.ndarray,
    ) -> CardPicture:
        # Motion and trust have one size: in one copy.
        planes = keep[None] if flow is None else np.concatenate([keep[None], flow])
        sent, made = self._sent(planes), self._new(size)
        grid, moves = (keep.shape[0], keep.shape[1]), sent.pointer + sent.size // len(planes)
        self._operations.carry(
            made.buffer.pointer,
            size,
            residual.buffer.pointer,
            residual.size,
            0 if flow is None else moves,
            grid,
            sent.pointer,
            grid,
        )
        return made

    def _new(self, size: tuple[int, int]) -> CardPicture:
        return CardPicture(size, self._pool.take(size[0] * size[1] * 3))

    def _sent(self, array: np.ndarray, dtype: Any = np.float32) -> Buffer:
        host = self._memory.pinned(array, dtype)
        buffer = self._pool.take(host.nbytes)
        self._memory.launcher.copy_to(buffer.pointer, host, self._stream)
        self._used.append(host)
        return buffer

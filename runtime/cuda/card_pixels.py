"""The flash limiter's pictures on the card: only cells come down, only weights go up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.backend import Stream
from ...kernels.operations import Operations
from ..safety.cells import FINE, over_all_grids, smoothed
from ..safety.pixels import Processor, as_bytes
from .buffers import Buffer, Pool
from .card_memory import CardMemory
from .image import CardPicture, Size
from .readback import on_card

_GRID = FINE[1], FINE[0]


class CardPixels:
    """`Pixels` of pictures that stay on the card. Each measuring waits for what is queued on
    `stream`; for a picture of another size than the one before, once, both are worked on by the
    processor.

    For one thread at a time, which is attached. pool: of buffers that are used on `stream` alone,
    as are the operations. Raises CardError where the card failed.
    """

    def __init__(
        self, memory: CardMemory, stream: Stream, pool: Pool, operations: Operations
    ) -> None:
        self._memory, self._stream, self._pool = memory, stream, pool
        self._operations = operations
        self._done: Any = None
        """An event, used again."""

    def size(self, picture: CardPicture) -> Size:
        return picture.size

    def foreseen(self, picture: CardPicture) -> None:
        """Measuring takes next to nothing here."""

    @on_card
    def measure(self, picture: CardPicture) -> np.ndarray:
        fine = self._pool.take(2 * FINE[0] * FINE[1] * np.dtype(np.float32).itemsize)
        self._operations.meter(fine.pointer, picture.buffer.pointer, picture.size, _GRID)
        return over_all_grids(self._down(fine.pointer, (2, *_GRID), np.float32))

    @on_card
    def pulled(
        self, picture: CardPicture, before: CardPicture, weights: np.ndarray
    ) -> tuple[CardPicture, np.ndarray]:
        much = self._memory.pinned(as_bytes(smoothed(weights)), np.uint8)
        there, mixed = self._pool.take(much.nbytes), self._pool.take(picture.buffer.size)
        self._memory.launcher.copy_to(there.pointer, much, self._stream)
        self._operations.hold(
            mixed.pointer,
            picture.buffer.pointer,
            before.buffer.pointer,
            picture.size,
            there.pointer,
            _GRID,
        )
        pulled = CardPicture(picture.size, mixed)
        return pulled, self.measure(pulled)  # Which waits, and until then `much` is kept.

    def kept(self, picture: CardPicture) -> CardPicture:
        return picture  # Nobody writes on any.

    @on_card
    def fitted(self, picture: CardPicture, size: Size) -> CardPicture:
        return self.sent(Processor().fitted(self.fetched(picture), size))

    @on_card
    def small(self, picture: CardPicture) -> np.ndarray:
        there = self._pool.take(3 * FINE[0] * FINE[1])
        self._operations.shrink(there.pointer, picture.buffer.pointer, picture.size, _GRID)
        return self._down(there.pointer, (*_GRID, 3), np.uint8)

    @on_card
    def toward(self, picture: CardPicture, small: np.ndarray, weight: float) -> CardPicture:
        sent, every = self.sent(small), self._up(np.ones((1, 1), np.float32))
        enlarged, made = (self._pool.take(picture.buffer.size) for _ in range(2))
        places = enlarged.pointer, picture.size, sent.buffer.pointer, sent.size
        self._operations.carry(*places, 0, (1, 1), every.pointer, (1, 1))
        self._operations.blend(
            made.pointer, picture.buffer.pointer, enlarged.pointer, picture.size, weight
        )
        return CardPicture(picture.size, made)

    @on_card
    def sent(self, picture: np.ndarray) -> CardPicture:
        """A picture of host memory on the card. Waits for it."""
        return CardPicture((picture.shape[0], picture.shape[1]), self._up(picture))

    def fetched(self, picture: CardPicture) -> np.ndarray:
        """A picture of the card in host memory. Waits for it."""
        return self._memory.copied(picture, None, self._stream)

    def _up(self, array: np.ndarray) -> Buffer:
        host, buffer = self._memory.pinned(array, array.dtype), self._pool.take(array.nbytes)
        self._memory.launcher.copy_to(buffer.pointer, host, self._stream)
        self._finish()
        return buffer

    def _down(self, pointer: int, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        host = self._memory.host.take(shape, dtype)
        self._memory.launcher.copy_from(host, pointer, self._stream)
        self._finish()
        return host

    def _finish(self) -> None:
        self._done = self._memory.launcher.record(self._stream, self._done)
        self._memory.wait(self._done)

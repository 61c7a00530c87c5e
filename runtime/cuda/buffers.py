"""Memory that is allocated once per size and handed out again: on the card, and pinned on the host.

A buffer goes back by itself when its last user lets go of it. On the card that may be before the
work queued on it is done, which is right on one stream: the next user's work is queued behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ...kernels.backend import Memory
from ...kernels.launcher import Launcher


class Buffer:
    """size bytes on the card from address `pointer`, until it is garbage."""

    __slots__ = ("__weakref__", "_memory", "_pool", "pointer", "size")

    def __init__(self, pool: Pool, memory: Memory) -> None:
        self._pool, self._memory = pool, memory
        self.pointer, self.size = memory.pointer, memory.size

    def __del__(self) -> None:
        self._pool.give_back(self._memory)


class Pool:
    """Buffers on the card by size in bytes. Give and take from any thread attached to the card.

    A steady stream of frames allocates nothing.
    """

    def __init__(
        self, launcher: Launcher, asking: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """asking: held while the card is asked for memory."""
        self._launcher, self._asking = launcher, asking
        self._idle: defaultdict[int, list[Memory]] = defaultdict(list)

    def take(self, size: int) -> Buffer:
        """Contents undefined. Raises the backend's error where the card has no more memory."""
        try:
            memory = self._idle[size].pop()
        except IndexError:
            with self._asking():
                memory = self._launcher.allocate(size)
        return Buffer(self, memory)

    def give_back(self, memory: Memory) -> None:
        self._idle[memory.size].append(memory)

    def trim(self) -> None:
        """Return to the card what nobody uses, after a change of size. Waits for the card."""
        for memories in list(self._idle.values()):
            while memories:
                self._launcher.free(memories.pop())


class Lease:
    """Pinned host memory. `np.asarray` of it is a view; it is free when the last one is gone."""

    __slots__ = ("__array_interface__", "_owner", "_whole")

    def __init__(
        self, owner: HostBuffers, whole: np.ndarray, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self._owner, self._whole = owner, whole
        self.__array_interface__: dict[str, Any] = (
            whole.view(dtype).reshape(shape).__array_interface__
        )

    def __del__(self) -> None:
        self._owner.give_back(self._whole)


class HostBuffers:
    """Pinned buffers by size in bytes, from any thread."""

    def __init__(
        self, launcher: Launcher, asking: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """asking: as of `Pool`."""
        self._launcher, self._asking = launcher, asking
        self._idle: defaultdict[int, list[np.ndarray]] = defaultdict(list)

    def take(self, shape: Sequence[int], dtype: Any) -> np.ndarray:
        """A C-contiguous array of this shape, contents undefined; free once it is garbage."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape)) * kind.itemsize
        try:
            whole = self._idle[size].pop()
        except IndexError:
            with self._asking():
                whole = self._launcher.pinned((size,), np.uint8)
        return np.asarray(Lease(self, whole, tuple(shape), kind))

    def give_back(self, whole: np.ndarray) -> None:
        self._idle[whole.nbytes].append(whole)

"""A picture on its way from the card: whoever reads it first waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dream.device import DeviceError


class CardError(DeviceError):
    """The graphics card failed; `stepdown` reads in its cause what may help."""


class Download:
    """uint8 [height, width, 3] BGR, there for `np.asarray` from any thread.

    wait: blocks until the copy is done; called at most once. kept: what must live until then.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, host: np.ndarray, wait: Callable[[], None], kept: object) -> None:
        self.shape = host.shape
        self._host = host
        self._wait: Callable[[], None] | None = wait
        self._kept = kept
        self._lock = threading.Lock()

    def read(self) -> np.ndarray:
        """The picture, after waiting for the card where that is needed. Raises CardError.

        The array may be kept as long as wanted; its memory is used again after that.
        """
        with self._lock:
            if self._wait:
                self._wait()
                self._wait = self._kept = None
        return self._host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.read()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

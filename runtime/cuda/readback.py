"""A picture that a card draws: whoever reads it first waits for it, and has it copied."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ...kernels.backend import Stream
from ..dream.device import DeviceError
from .image import CardPicture, Image

if TYPE_CHECKING:
    from .card import CudaDevice

P = ParamSpec("P")
R = TypeVar("R")


class CardError(DeviceError):
    """The graphics card failed; `stepdown` reads in its cause what may help."""


def failed(error: Exception) -> CardError:
    """To be raised from `error`, which a CUDA library raised at work."""
    reason = str(error).split("\n")[0][:200].rstrip(".")
    return CardError(f"The graphics card failed: {reason or type(error).__name__}.")


def on_card(method: Callable[P, R]) -> Callable[P, R]:
    """`method`, whatever goes wrong in it as a CardError."""

    @wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except CardError:
            raise
        except Exception as error:
            raise failed(error) from error

    return run


class Download:
    """uint8 [height, width, 3] BGR, there for `np.asarray` from any thread: copied from the card
    only where somebody asks for it.

    picture: where it is drawn. base: what it grew from, where that is known; both for what composes
    on the card. drawn: the event of that. kept: what must live until then.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(
        self,
        device: CudaDevice,
        picture: CardPicture,
        base: Image | None,
        drawn: Any,
        kept: object,
    ) -> None:
        self.shape = (*picture.size, 3)
        self.picture, self.base = picture, base
        self._device, self._drawn, self._kept = device, drawn, kept
        self._host: np.ndarray | None = None
        self._lock = threading.Lock()

    def before(self, stream: Stream) -> None:
        """What is queued on `stream` from now on finds it drawn."""
        with self._lock:
            if self._drawn is not None:
                self._device.launcher.wait(stream, self._drawn)

    def finish(self) -> None:
        """Wait until the card has drawn it. Raises CardError."""
        with self._lock:
            if self._drawn is not None:
                self._device.wait(self._drawn)
                self._device.happened(self._drawn)
                self._drawn = self._kept = None

    def read(self) -> np.ndarray:
        """The picture, after waiting for the card where that is needed. Raises CardError.

        The array may be kept as long as wanted; its memory is used again after that.
        """
        with self._lock:
            if self._host is None:
                self._host = self._device.copied(self.picture, self._drawn)
                self._drawn = self._kept = None
            return self._host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.read()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

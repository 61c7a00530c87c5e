"""A picture that a card draws: whoever reads it first waits for it, and has it copied."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ...kernels.backend import Stream
from ...kernels.launcher import Launcher
from ..dream.device import DeviceError
from ..errors import reason
from .image import CardPicture, Image

if TYPE_CHECKING:
    from .card_memory import CardMemory

P = ParamSpec("P")
R = TypeVar("R")


class CardError(DeviceError):
    """The graphics card failed; `stepdown` reads in its cause what may help."""


def failed(error: Exception) -> CardError:
    """To be raised from `error`, which a CUDA library raised at work."""
    return CardError(f"The graphics card failed: {reason(error)}.")


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


class Drawn:
    """When a picture is drawn on the card. Does not know the device, which has the newest one.

    event: of that. kept: what must live until then.
    """

    def __init__(self, event: Any, kept: object) -> None:
        self._event, self._kept = event, kept
        self._lock = threading.Lock()

    def before(self, launcher: Launcher, stream: Stream) -> None:
        """What is queued on `stream` from now on finds it drawn."""
        with self._lock:
            if self._event is not None:
                launcher.wait(stream, self._event)

    def finish(self, memory: CardMemory) -> None:
        """Wait for it. Raises CardError."""
        with self._lock:
            if self._event is not None:
                memory.wait(self._event)
                self._past(memory)

    def seen(self, memory: CardMemory) -> None:
        """It is known to be past."""
        with self._lock:
            if self._event is not None:
                self._past(memory)

    def _past(self, memory: CardMemory) -> None:
        memory.happened(self._event)
        self._event = self._kept = None


class Download:
    """uint8 [height, width, 3] BGR, there for `np.asarray` from any thread: copied from the card
    only where somebody asks for it.

    picture, drawn: where it is drawn, and when. base: what it grew from, where that is known. All
    three for what composes on the card.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(
        self, memory: CardMemory, picture: CardPicture, drawn: Drawn, base: Image | None
    ) -> None:
        self.shape = (*picture.size, 3)
        self.picture, self.drawn, self.base = picture, drawn, base
        self._memory = memory
        self._host: np.ndarray | None = None
        self._lock = threading.Lock()

    def read(self) -> np.ndarray:
        """The picture, after waiting for the card where that is needed. Raises CardError.

        The array may be kept as long as wanted; its memory is used again after that.
        """
        with self._lock:
            if self._host is None:
                self._host = self._memory.copied(self.picture, self.drawn)
            return self._host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.read()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

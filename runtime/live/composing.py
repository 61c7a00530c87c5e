"""Where pictures are composed: in host memory, as on every machine, or where the dreams lie."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import monotonic
from typing import Any

import cv2
import numpy as np

from ..dream.compositor import Compositor
from ..dream.device import Device, DeviceError
from ..dream.flow import Motion
from ..safety.pixels import Processor
from ..safety.processors import compiles
from .afterimage import Afterimage
from .climbing import FIRST, LONGEST
from .composition import carry, compose, dimmed, hold, residual_of
from .finer import with_detail


class HostCompositor:
    """See `Compositor`. A picture that nothing changes is returned itself. pixels: of its own."""

    def __init__(self, pixels: Processor | None = None) -> None:
        self.pixels = pixels or Processor()

    def upload(self, image: np.ndarray) -> np.ndarray:
        return image

    def download(self, picture: np.ndarray) -> np.ndarray:
        return picture

    def dreamt(self, result: Any) -> np.ndarray:
        return np.asarray(result)

    def residual(
        self, result: Any, picture: np.ndarray, contrast: float, detail: np.ndarray | None
    ) -> np.ndarray:
        residual = residual_of(np.asarray(result), picture, contrast)
        return residual if detail is None else with_detail(residual, detail)

    def blended(self, residual: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
        return cv2.addWeighted(residual, 1 - share, other, share, 0)

    def carried(
        self, residual: np.ndarray, motion: Motion, share: np.ndarray | None, like: np.ndarray
    ) -> np.ndarray:
        keep = motion.keep if share is None else motion.keep * share
        moved = self.held(carry(residual, motion.flow), keep)
        if moved.shape == like.shape:
            return moved
        return cv2.resize(moved, like.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    def held(self, residual: np.ndarray, keep: np.ndarray) -> np.ndarray:
        return hold(residual, keep)

    def composed(
        self,
        picture: np.ndarray,
        residual: np.ndarray | None,
        amount: float,
        contrast: float,
        mask: np.ndarray | None,
        light: float,
    ) -> np.ndarray:
        if residual is not None:
            picture = compose(picture, residual, amount, contrast, mask)
        return dimmed(picture, light)

    def close(self) -> None:
        """Nothing to do: arrays are NumPy's."""


def host_compositor() -> HostCompositor:
    """The fastest that there is here."""
    if not compiles():
        return HostCompositor()
    from .compiled_compositor import CompiledCompositor  # Here, because it needs Numba.

    return CompiledCompositor()


class Composing:
    """The compositor of the device that dreams, and what of its dreams lies over the pictures.
    Where it fails, pictures are composed in host memory, and it is tried again, later and later.
    For one thread.

    changed: gets another compositor before the last one gives its memory back. notify: hears what a
    person should know. clock: in seconds.
    """

    def __init__(
        self,
        changed: Callable[[Compositor[Any, Any]], None],
        notify: Callable[[str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._changed, self._notify, self._clock = changed, notify, clock
        self._device: Device[Any] | None = None
        self._due, self._pause = math.inf, FIRST
        self._opened = ExitStack()
        self.compositor: Compositor[Any, Any] = host_compositor()
        self.afterimage: Afterimage[Any] = Afterimage(self.compositor)

    def follow(self, device: Device[Any] | None) -> None:
        """Compose where dreams of `device` lie; None is host memory."""
        if device is not self._device:
            self._pause = FIRST
        elif self._clock() < self._due:
            return
        self.close()
        self._device, self._due = device, math.inf
        if device is None:
            return
        self._opened.enter_context(device.attached())
        try:
            made = device.compositor()
            if made is not None:
                self._opened.callback(_closed, made)
                self._go_on_with(made)
        except DeviceError as error:
            self._give_up(error)

    def leave(self, error: DeviceError) -> None:
        """The device that composes failed with `error`. Raises it where there is none."""
        if isinstance(self.compositor, HostCompositor):
            raise error
        self._give_up(error)

    def close(self) -> None:
        """Give back what a device was asked for; composes in host memory from then on."""
        if not isinstance(self.compositor, HostCompositor):
            self._go_on_with(host_compositor())
        self._opened.close()

    def _give_up(self, error: DeviceError) -> None:
        traceback.clear_frames(error.__traceback__)  # What it asked for hangs on them.
        self._notify(f"{error} Pictures are composed on the processor.")
        self.close()
        self._due, self._pause = self._clock() + self._pause, min(2 * self._pause, LONGEST)

    def _go_on_with(self, compositor: Compositor[Any, Any]) -> None:
        self._changed(compositor)
        self.compositor, self.afterimage = compositor, Afterimage(compositor)


def _closed(compositor: Compositor[Any, Any]) -> None:
    with suppress(DeviceError):  # A card that is lost has nothing to give back.
        compositor.close()

"""Every camera frame is shown, with the newest dream on it: the thread between dream and sinks.

The dream is computed when the machine can, the picture is shown when the camera has one. Between
two dreams the newest residual is carried along the motion ("fluid"), so a slow machine shows a
slower dream and not a slower picture. Two rates and two ages follow: those of the picture and those
of the dream.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..dream.device import DeviceError
from ..dream.flow import MotionTracker, small_gray
from ..frame import Frame
from ..scaling import scaled
from .composition import carry, compose, residual_of
from .slot import Closed, Slot

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""


@dataclass(frozen=True)
class Dreamt:
    """One dreamt frame.

    frame: the camera's, at its own size. picture: the same as it was dreamt on, uint8 BGR
    [height, width, 3]; result: what the device's `download` gave, of that size.
    """

    frame: Frame
    picture: np.ndarray
    result: np.ndarray

    @property
    def dream(self) -> np.ndarray:
        """From a graphics card it may still be on its way: the first one to ask waits for it.

        Raises DeviceError where the card failed meanwhile.
        """
        return np.asarray(self.result)


@dataclass(frozen=True)
class Shown:
    """One picture for the sinks. image and camera: uint8 BGR [height, width, 3], with and without
    the dream. time: of the camera's frame; dreamt: of the frame whose dream it carries, None
    before there is one; both seconds of `time.monotonic()`."""

    image: np.ndarray
    camera: np.ndarray
    time: float
    dreamt: float | None


@dataclass(frozen=True)
class Look:
    """How pictures are made. size: (width, height) that they fit into, None for the camera's own.
    amount: of the residual. fluid: every camera frame is shown; else each dream on its own."""

    size: tuple[int, int] | None = None
    amount: float = 1.0
    fluid: bool = True


class Presenter(threading.Thread):
    """Runs until the camera's slot is closed, or `stop`. `output` holds the newest picture.

    camera: the frames to show. dreams: those that were dreamt. look: asked once a picture, for the
    time at which the frame was taken. listener: hears every picture, in this thread.
    """

    def __init__(
        self, camera: Slot[Frame], dreams: Slot[Dreamt], look: Callable[[float], Look]
    ) -> None:
        super().__init__(name="presenter", daemon=True)
        self.output: Slot[Shown] = Slot()
        self.listener: Callable[[Shown], None] | None = None
        self._camera, self._dreams, self._look = camera, dreams, look
        self._stopping = threading.Event()
        self._tracker = MotionTracker()
        self._dreamt: Dreamt | None = None
        self._residual: np.ndarray | None = None
        self._gray: np.ndarray | None = None

    def stop(self) -> None:
        """End after the picture at hand."""
        self._stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(1.0)

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                shown = self._next(self._look(time.monotonic()))
                if shown is None:
                    continue
                if self.listener:
                    self.listener(shown)
                self.output.put(shown)
        except Closed:
            self.output.close()
        except Exception as error:  # noqa: BLE001 - not swallowed: the taker of `output` gets it
            self.output.close(error)
        else:
            self.output.close()

    def _next(self, look: Look) -> Shown | None:
        if not look.fluid:
            fresh = self._take_dream(WAIT)
            return self.picture(fresh.frame, look) if fresh else None
        frame = self._camera.take(WAIT)
        self._take_dream(0)
        return self.picture(frame, look) if frame else None

    def picture(self, frame: Frame, look: Look) -> Shown:
        """The camera's frame with the newest dream, carried to it."""
        camera = scaled(frame.image, look.size)
        dreamt, residual = self._dreamt, self._residual
        if dreamt is None or residual is None or self._gray is None:
            return Shown(camera, camera, frame.time, None)
        if frame.index != dreamt.frame.index:
            motion = self._tracker.between(small_gray(frame.image), self._gray)
            if motion is None:  # a cut: the old dream does not belong here
                return Shown(camera, camera, frame.time, None)
            residual = carry(residual, motion)
        image = compose(camera, residual, look.amount)
        return Shown(image, camera, frame.time, dreamt.frame.time)

    def _take_dream(self, wait: float) -> Dreamt | None:
        fresh = self._dreams.take(wait)
        if fresh is None:
            return None
        try:
            self._residual = residual_of(fresh.dream, fresh.picture)
        except DeviceError:
            return None  # The thread that dreams goes on without the card.
        self._dreamt, self._gray = fresh, small_gray(fresh.frame.image)
        return fresh

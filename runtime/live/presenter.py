"""Every camera frame is shown, with the newest dream on it: the thread between dream and sinks.

The dream is computed when the machine can, the picture is shown when the camera has one. Between
two dreams the newest residual is carried along the motion ("fluid"), so a slow machine shows a
slower dream and not a slower picture. Two rates and two ages follow: those of the picture and those
of the dream.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..control.desk import Desk, State
from ..control.parameters import SOURCE
from ..dream.device import DeviceError
from ..dream.flow import MotionTracker, small_gray
from ..frame import Frame
from ..scaling import parse_size, resized, scaled
from .composition import carry, compose, residual_of
from .loop import PATIENCE, Dreamt, as_picture
from .slot import Closed, Slot

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""

LARGEST = (1920, 1080)
"""(width, height) of a picture at the camera's own size."""


@dataclass(frozen=True)
class Shown:
    """One picture for the sinks. dream and picture: uint8 BGR [height, width, 3], the picture with
    and without the dream. time: of the camera's frame; dreamt: of the frame whose dream it carries;
    both seconds of `time.monotonic()`. settings: what that was dreamt with."""

    dream: np.ndarray
    picture: np.ndarray
    time: float
    dreamt: float
    settings: Mapping[str, Any]


class Presenter(threading.Thread):
    """Runs until the dreams end, or `stop`. `output` holds the newest picture, and is closed at the
    end with the error where there was one.

    camera: the frames to show. dreams: those that were dreamt; nothing is shown before the first.
    listener: hears every picture, in this thread.
    """

    def __init__(self, camera: Slot[Frame], dreams: Slot[Dreamt], desk: Desk) -> None:
        super().__init__(name="presenter", daemon=True)
        self.output: Slot[Shown] = Slot()
        self.listener: Callable[[Shown], None] | None = None
        self._camera, self._dreams, self._desk = camera, dreams, desk
        self._stopping = threading.Event()
        self._tracker = MotionTracker()
        self._in_a_row = 0  # Pictures that failed, one after the other.
        self._dreamt: Dreamt | None = None
        self._residual = np.empty(0, np.uint8)
        self._gray = np.empty(0, np.uint8)

    def stop(self) -> None:
        """End after the picture at hand."""
        self._stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(1.0)

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                shown = self._tried()
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

    def _tried(self) -> Shown | None:
        """The next picture; one that cannot be made is left out, unless that goes on and on."""
        try:
            shown = self._next()
        except Closed:
            raise
        except Exception:
            self._in_a_row += 1
            if self._in_a_row == PATIENCE:
                raise
            return None
        self._in_a_row = 0
        return shown

    def _next(self) -> Shown | None:
        state = self._desk.at(time.monotonic())
        if self._dreamt is None or state["freeze"] or not state["fluid"]:
            # Each dream on the frame that it grew from.
            fresh = self._take_dream(WAIT)
            return self._shown(fresh, fresh.frame, state) if fresh else None
        try:
            frame = self._camera.take(WAIT)
        except Closed:
            # The last dreams are still on their way, and their slot tells how it ends.
            fresh = self._take_dream(WAIT)
            return self._shown(fresh, fresh.frame, state) if fresh else None
        self._take_dream(0)
        return self._shown(self._dreamt, frame, state) if frame else None

    def _take_dream(self, wait: float) -> Dreamt | None:
        fresh = self._dreams.take(wait)
        if fresh is None:
            return None
        try:
            self._residual = residual_of(fresh.dream, fresh.picture)
        except DeviceError:
            return None  # The thread that dreams goes on without the card.
        self._dreamt, self._gray = fresh, small_gray(fresh.picture)
        return fresh

    def _shown(self, dreamt: Dreamt, frame: Frame, state: State) -> Shown:
        text = str(state["picture"])
        box = LARGEST if text == SOURCE else parse_size(text)
        image = as_picture(frame.image)
        height, width = image.shape[:2]
        if text != SOURCE or width > box[0] or height > box[1]:
            image = scaled(image, box)
        if state["mirror"]:
            image = cv2.flip(image, 1)
        residual: np.ndarray | None = self._residual
        amount = float(state["amount"])
        if frame.index == dreamt.frame.index:
            if amount == 1 and image.shape == dreamt.picture.shape:
                # Dreamt as large as it is shown: as it came from the device, to the bit.
                return Shown(dreamt.dream, image, frame.time, dreamt.time, dreamt.settings)
        else:
            high, wide = dreamt.picture.shape[:2]
            motion = self._tracker.between(small_gray(resized(image, wide, high)), self._gray)
            # At a cut the old dream does not belong here.
            residual = carry(self._residual, motion) if motion else None
        dream = image if residual is None else compose(image, residual, amount)
        return Shown(dream, image, frame.time, dreamt.time, dreamt.settings)

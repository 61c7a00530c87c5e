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
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from ..control.desk import Desk
from ..control.moment import State
from ..control.parameters import SOURCE, Show
from ..dream.device import DeviceError
from ..dream.flow import small_gray
from ..frame import Frame, as_picture
from ..scaling import parse_size, scaled
from ..slot import Closed, Slot
from ..stats import Stats
from .composing import Composing
from .composition import dimmed
from .keeping_up import KeepingUp
from .limiting import Limiting
from .loop import Dreamt
from .masking import Laid
from .patience import Patience

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""

EASED = 2
"""Times the size that is dreamt from which on the picture is so large that flashes are eased before
it is made."""

LARGEST = (1920, 1080)
"""(width, height) of a picture at the camera's own size."""


@dataclass(frozen=True)
class Shown:
    """One picture for the sinks. dream and picture: uint8 BGR [height, width, 3], with the dream,
    its flashes limited, and without; seen: what the window shows of them. time: of the camera's
    frame; dreamt: of the frame whose dream it carries; both seconds of `time.monotonic()`.
    settings: what that was dreamt with."""

    dream: np.ndarray
    picture: np.ndarray
    seen: np.ndarray
    time: float
    dreamt: float
    settings: Mapping[str, Any]


class _Carried(NamedTuple):
    """What to lay over a picture, None for nothing, and where. small: that picture, as large as it
    is dreamt. pure: whether the dream may be shown as it came from the device, to the bit: on its
    own picture, as large as it is shown."""

    residual: Any
    mask: np.ndarray | None
    small: np.ndarray
    pure: bool


class Presenter(threading.Thread):
    """Runs until the dreams end, or `stop`. `output` holds the newest picture, and is closed at the
    end with the error where there was one.

    A picture that cannot be made is left out; only many in a row end it.

    camera: the frames to show. dreams: those that were dreamt; nothing is shown before the first.
    listener: hears every picture, in this thread. notify: hears what a person should know.
    share: how much of the amount that the desk says is laid over a picture of that time, 0..1.
    where: the dream may be.
    """

    def __init__(
        self,
        camera: Slot[Frame],
        dreams: Slot[Dreamt],
        desk: Desk,
        stats: Stats,
        notify: Callable[[str], None] = lambda text: None,
        share: Callable[[float], float] = lambda time: 1.0,
        where: Laid | None = None,
    ) -> None:
        super().__init__(name="presenter", daemon=True)
        self.output: Slot[Shown] = Slot()
        self.listener: Callable[[Shown], None] | None = None
        self._camera, self._dreams, self._desk = camera, dreams, desk
        self._share = share
        self._where = where or Laid()
        self._stopping = threading.Event()
        self._limiting = Limiting()
        self._stats, self._keeping_up = stats, KeepingUp()
        self._patience = Patience("shown", notify)
        self._dreamt: Dreamt | None = None
        self._composing = Composing(self._limiting.follow, notify)

    def stop(self) -> None:
        """End after the picture at hand."""
        self._stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(1.0)

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                shown = self._next()
                if shown is None:
                    continue
                if self.listener:
                    self.listener(shown)
                self.output.put(shown)
        except Closed:
            self.output.close()
        except BaseException as error:  # noqa: BLE001 - not swallowed: the taker gets it
            self.output.close(error)
        else:
            self.output.close()
        finally:
            self._composing.close()
            self._limiting.close()

    def _next(self) -> Shown | None:
        """The next picture, or None where none came or it could not be made. Raises what the dreams
        ended with."""
        state = self._desk.at(time.monotonic())
        frame: Frame | None = None
        # Each dream on the frame that it grew from.
        alone = self._dreamt is None or state["freeze"] or not state["fluid"]
        if not alone:
            try:
                frame = self._camera.take(WAIT, newest=not self._keeping_up)
            except Exception:  # noqa: BLE001 - the dreams end with it too
                alone = True  # Their last ones are still on their way.
        fresh = self._dreams.take(WAIT if alone else 0)
        began = time.perf_counter()
        try:
            shown = self._made(fresh, fresh.frame if alone and fresh else frame)
        except Exception as error:  # noqa: BLE001 - raised again where it comes every time
            self._stats.unshown += 1
            self._patience.failed(error)
            return None
        if shown:
            self._patience.passed()
        if frame:
            self._keeping_up.made(frame, time.perf_counter() - began)
        return shown

    def _state(self, frame: Frame) -> State:
        """What is said by now for the moment at which `frame` is seen."""
        return self._desk.at(max(time.monotonic(), frame.time + self._stats.usual_age))

    def _made(self, fresh: Dreamt | None, frame: Frame | None) -> Shown | None:
        """`frame` with the dream that is the newest from now on."""
        if fresh:
            self._take(fresh)
        if not (self._dreamt and frame):
            return None
        try:
            return self._shown(self._dreamt, frame)
        except DeviceError as error:
            self._composing.leave(error)
            self._take(self._dreamt)
            return self._shown(self._dreamt, frame)

    def _take(self, fresh: Dreamt) -> None:
        """A new dream; none where the card failed: the thread that dreams goes on without it."""
        self._composing.follow(fresh.device)
        with suppress(DeviceError):
            try:
                self._taken(fresh)
            except DeviceError as error:
                self._composing.leave(error)
                self._taken(fresh)

    def _taken(self, fresh: Dreamt) -> None:
        """The dream is the newest from now on."""
        began = time.perf_counter()
        composing = self._composing
        residual = composing.compositor.residual(
            fresh.result, fresh.picture, fresh.contrast, fresh.detail
        )
        drift = self._state(fresh.frame).dream.drift
        step = fresh.step
        gray = step.now if step else small_gray(fresh.picture)
        composing.afterimage.dreamt(residual, gray, fresh.time, drift, step)
        self._dreamt = fresh
        self._stats.record("residual", time.perf_counter() - began)

    def _shown(self, dreamt: Dreamt, frame: Frame) -> Shown:
        began = time.perf_counter()
        early = self._state(frame)
        picture = self._sized(frame, early)
        carried, fluid = self._carried(dreamt, frame, picture, early)
        # What was said meanwhile counts too, as far as no more than this is left to do.
        state = self._state(frame)
        ready = time.perf_counter()
        eased = self._eased(carried, picture, state, (time.monotonic(), frame.time))
        easing = time.perf_counter() - ready
        laid = self._composed(dreamt, eased or carried, picture, state)
        picture = dimmed(picture, state.of(Show).light)
        composed = time.perf_counter()
        mode: Any = state["flash_limit"]
        comparing = bool(state["compare"])
        times = (time.monotonic(), frame.time)
        dream, seen = self._limiting.limited(
            self._composing.compositor, laid, picture, mode, comparing, times, eased is not None
        )
        self._stats.record("fluid", fluid)
        self._stats.record("compose", composed - began - fluid - easing)
        self._stats.record("limit", time.perf_counter() - composed + easing)
        return Shown(dream, picture, seen, frame.time, dreamt.time, dreamt.settings)

    def _sized(self, frame: Frame, state: State) -> np.ndarray:
        """The camera's picture as large as it is shown."""
        text = str(state["picture"])
        box = LARGEST if text == SOURCE else parse_size(text)
        image = as_picture(frame.image)
        height, width = image.shape[:2]
        if text != SOURCE or width > box[0] or height > box[1]:
            image = scaled(image, box)
        return _mirrored(image, state)

    def _carried(
        self, dreamt: Dreamt, frame: Frame, image: np.ndarray, state: State
    ) -> tuple[_Carried, float]:
        """The dream on its way to `image`, and the seconds that it took to carry it there."""
        high, wide = dreamt.picture.shape[:2]
        own = frame.index == dreamt.frame.index
        dream = state.dream
        began = time.perf_counter()
        small = dreamt.picture if own else _mirrored(frame.small(wide, high), state)
        gray = None if own else small_gray(small)
        # Without a carried dream every picture stands for itself.
        calm = state.of(Show).calm if state.live else 0.0
        afterimage = self._composing.afterimage
        residual = afterimage.at(gray, frame.time, dream.drift, calm, dream.tone)
        fluid = time.perf_counter() - began
        mask = self._where.at(small, state)
        whole = mask is None and dream.tone == 0 and image.shape == dreamt.picture.shape
        pure = own and whole and dreamt.detail is None and afterimage.pure
        return _Carried(residual, mask, small, pure), fluid

    def _eased(
        self, carried: _Carried, image: np.ndarray, state: State, times: tuple[float, float]
    ) -> _Carried | None:
        """What to lay over the picture in place of what was carried, where it would flash: for a
        picture that is much larger than it is dreamt; None where nothing else."""
        plain = carried.mask is None and state.of(Show).light == 1
        large = image.shape[0] >= EASED * carried.small.shape[0]
        if carried.residual is None or not (plain and large):
            return None
        mode: Any = state["flash_limit"]
        residual = self._limiting.eased(
            carried.small, carried.residual, self._amount(state), state.dream.camera, mode, times
        )
        return None if residual is None else carried._replace(residual=residual)

    def _amount(self, state: State) -> float:
        """Of the dream that is laid over a picture now."""
        return 0.0 if state["panic"] else state.of(Show).amount * self._share(time.monotonic())

    def _composed(self, dreamt: Dreamt, carried: _Carried, image: np.ndarray, state: State) -> Any:
        """The picture with the dream on it, where the compositor keeps it."""
        show, compositor = state.of(Show), self._composing.compositor
        amount = self._amount(state)
        residual = carried.residual  # None at a cut: the old dream does not belong here.
        if residual is not None and carried.pure and amount == 1:
            picture, residual = compositor.dreamt(dreamt.result), None
        else:
            picture = compositor.upload(image)
        contrast = state.dream.camera
        return compositor.composed(picture, residual, amount, contrast, carried.mask, show.light)


def _mirrored(image: np.ndarray, state: State) -> np.ndarray:
    return cv2.flip(image, 1) if state["mirror"] else image

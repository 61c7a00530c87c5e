"""The thread that dreams: newest camera frame in, newest dream out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..control.desk import Desk
from ..control.moment import State
from ..declared import Value
from ..dream.device import Device
from ..dream.dreamer import Dreamer
from ..dream.flow import Step
from ..errors import SessionLost
from ..frame import Frame, as_picture
from ..gradient.switching import Switcher
from ..slot import Closed, Slot
from ..start import settings_of
from ..stats import Stats
from ..threads import DREAMS, behind
from .capture import Capture
from .composition import residual_of
from .finer import TIMES, Finer
from .following import Following
from .governor import Governor
from .masking import Laid
from .patience import Patience

HANGS = 1.0
"""Seconds after which the frame at hand counts as one that will never be done."""

RESTS = 1.0
"""Seconds between two dreams while an engine is timed, which is to find the card idle."""

WAIT = 0.1
"""Seconds between two looks at whether to stop, while no frame comes."""


@dataclass(frozen=True)
class Dreamt:
    """One dreamt frame and the picture it grew from, both uint8 BGR [height, width, 3].

    result: what the device's `download` gave. time: of capture. settings: what it was dreamt with.
    frame: the camera's, at its own size. detail: what `Finer` adds, where it does. device: None
    where the result is an array. step: to the picture from the one dreamt before, where it was
    followed.
    """

    picture: np.ndarray
    result: np.ndarray
    time: float
    settings: Mapping[str, Any]
    frame: Frame
    detail: np.ndarray | None = None
    device: Device[Any] | None = None
    step: Step | None = None

    @property
    def dream(self) -> np.ndarray:
        """From a graphics card it may still be on its way: the first one to ask waits for it.

        Raises DeviceError where the card failed meanwhile.
        """
        return np.asarray(self.result)

    @property
    def contrast(self) -> float:
        """What the camera kept of its own under the dream."""
        return float(self.settings["camera"])


class Dreaming(threading.Thread):
    """Plays what the desk says until the source ends, `frames` are done, or `stop`.

    A frame that fails, for whatever reason, is left out; only many in a row end the show.

    size: (height, width) that `dreamer` is open for. `output` holds the newest dream, and is closed
    at the end with the error where there was one. listener: called with every dream, in this
    thread. notify: hears what a person should know. where: the dream may be. rest: seconds between
    two dreams while an engine is timed. coming: values that will be said next, as far as known.
    """

    def __init__(
        self,
        capture: Capture,
        dreamer: Dreamer[Any],
        switcher: Switcher,
        desk: Desk,
        stats: Stats,
        *,
        size: tuple[int, int],
        frames: int | None = None,
        notify: Callable[[str], None] = lambda text: None,
        where: Laid | None = None,
        rest: float = RESTS,
        coming: Callable[[], Mapping[str, Value]] = dict,
    ) -> None:
        super().__init__(name="dreaming", daemon=True)
        self.output: Slot[Dreamt] = Slot()
        self.listener: Callable[[Dreamt], None] | None = None
        self.dreamer = dreamer
        self.switcher = switcher
        self._capture = capture
        self._desk = desk
        self._stats = stats
        self._where = where or Laid()
        self._frames, self._rest = frames, rest
        self.governor = Governor()
        self._finer = Finer(dreamer, dreamer.seed)
        self._following = Following(dreamer, switcher, desk, size, notify, coming)
        self._done = 0
        self._patience = Patience("dreamt", notify)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after the frame at hand. Waits for it, but not for a device that hangs."""
        self._stopping.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(HANGS)

    def run(self) -> None:
        behind(DREAMS)
        try:
            with self.dreamer.device.attached():
                self._run()
        except Closed:
            # Where not one frame could be dreamt, why is more than that it is over.
            self.output.close(None if self._done else self._patience.last)
        except BaseException as error:  # noqa: BLE001 - not swallowed: the taker gets it
            self.output.close(error)
        else:
            self.output.close()
        finally:
            # A circle through `Following`: what the dreamer has on a card would outlive both.
            self.dreamer.latest = None

    def _run(self) -> None:
        frame: Frame | None = None
        while not self._stopping.is_set() and self._done != self._frames:
            newest = self._capture.take(WAIT)
            if newest is None:
                continue
            # What is said counts for the moment at which this dream is seen.
            state = self._desk.at(self._seen(newest))
            if state["freeze"] and frame is not None:
                # The picture stands, time goes on: the dream on it grows and fades as before.
                newest = replace(newest, image=frame.image)
            try:
                self._dream(state, newest)
            except Exception as error:  # noqa: BLE001 - raised again where it comes every time
                self._go_on(error)
            else:
                frame = newest
                self._patience.passed()
                self._done += 1
            self._give_way()

    def _dream(self, state: State, frame: Frame) -> None:
        dreamer, image = self.dreamer, as_picture(frame.image)
        self._following.follow(state, *image.shape[:2])
        height, width = self._following.size
        dreamer.latest = partial(self._following.meanwhile, self._seen(frame))
        dreamer.in_turn = self.governor.rung.in_turn
        begun = time.monotonic()
        with self._stats.stage("scale"):
            self._capture.ahead = width, height
            picture = _seen(frame, width, height, state)
            dreamer.mask = self._where.at(picture, state)
        result = dreamer.live(picture, frame.time) if state.live else dreamer.still(picture)
        settings = {**settings_of(dreamer, str(state["recipe"])), "size": f"{width}x{height}"}
        step = dreamer.step if state.live else None
        dreamt = Dreamt(picture, result, frame.time, settings, frame, None, dreamer.device, step)
        large = min(image.shape[0] / height, image.shape[1] / width) >= TIMES
        finer = state.live and large and bool(state["finer"])
        if finer and self.governor.rung.finer:
            with self._stats.stage("finer"):
                dreamt = self._with_detail(dreamt, state)
        elif state.live and large:
            dreamt = replace(dreamt, detail=self._finer.leaving(height, width))
        else:
            self._finer.reset()
        self._govern(time.monotonic() - begun, float(state["hold"]), finer)
        self._stats.frame()
        if self.listener:
            self.listener(dreamt)
        self.output.put(dreamt)

    def _seen(self, frame: Frame) -> float:
        """When the dream of `frame` is seen, as far as known."""
        return frame.time + self._stats.usual_dream_age

    def _with_detail(self, dreamt: Dreamt, state: State) -> Dreamt:
        height, width = dreamt.picture.shape[:2]
        fine = _seen(dreamt.frame, TIMES * width, TIMES * height, state)
        residual = residual_of(dreamt.dream, dreamt.picture, dreamt.contrast)
        return replace(dreamt, detail=self._finer.grown(fine, residual, dreamt.contrast))

    def _give_way(self) -> None:
        """Leave the card alone for a while where something is timed on it."""
        until = time.monotonic() + self._rest
        while self.switcher.timing and not self._stopping.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            self._stopping.wait(min(left, WAIT))

    def _govern(self, seconds: float, hold: float, finer: bool) -> None:
        """After a dream that took `seconds`."""
        following, governor = self._following, self.governor
        if following.share > governor.rung.share:
            governor.refused()
        if governor.dreamt(time.monotonic(), seconds, hold, following.settled, finer):
            following.share = governor.rung.share
            self._stats.note(f"dreamt: {governor.rung}")

    def _go_on(self, error: Exception) -> None:
        """After a frame that failed: with less where a device ran out of something, else with the
        next one. Raises LivedreamError where that has failed too often."""
        if isinstance(error, SessionLost):
            self._stats.skipped += 1
            # However many frames are left out until another one is open, it failed once.
            if self.switcher.lost(error):
                self._patience.failed(error, told=True)
            return
        try:
            size = self._following.size
            self._following.recovered(self.switcher.platform.recover(error, self.dreamer, size))
        except Exception as trouble:  # noqa: BLE001 - the error itself, where less does not help
            self._stats.skipped += 1
            self._patience.failed(trouble)


def _seen(frame: Frame, width: int, height: int, state: State) -> np.ndarray:
    """The camera's picture at this size, as `state` has it: mirrored or not."""
    picture = frame.small(width, height)
    return np.ascontiguousarray(picture[:, ::-1]) if state["mirror"] else picture

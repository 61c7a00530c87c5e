"""Where the dream may be: found in the camera's pictures at a rate of its own, and carried along
with the motion to the pictures that are dreamt and shown meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..control.desk import Desk
from ..control.moment import State
from ..dream.flow import small_gray
from ..errors import LivedreamError
from ..frame import Frame, as_picture
from ..presence.kinds import OF_PEOPLE
from ..presence.masks import Follower, Mask, Masker
from ..presence.models import Models, People
from ..stats import Stats
from .lookout import Lookout

RATE = 10.0
"""Masks a second, at most."""


class Masking(Lookout):
    """Makes the newest mask of frames that `offer` brings, as the desk says.

    models: that of people is opened when it is first wanted; where there is none, the desk goes
    back to everywhere. say: hears what a person should know. share: of what is shown at a time, how
    much is not the camera's, 0..1: there the dream is everywhere.
    """

    def __init__(
        self,
        desk: Desk,
        models: Models,
        stats: Stats,
        say: Callable[[str], None] = lambda text: None,
        share: Callable[[float], float] = lambda time: 0.0,
    ) -> None:
        super().__init__("mask", RATE, "A picture got no mask", stats, say)
        self.newest: Mask | None = None
        """None is everywhere."""
        self._desk, self._models, self._shared = desk, models, share
        self._masker = Masker()
        self._people: People | None = None

    def offer(self, frame: Frame) -> None:
        """In the thread that captures: a frame of the camera."""
        if self._where != "everywhere" or self.newest is not None:
            self.frames.put(frame)

    def look(self, frame: Frame) -> None:
        """At one frame of the camera. Raises LivedreamError where it is no picture."""
        image, where = as_picture(frame.image), self._where
        people = None
        if where in OF_PEOPLE:
            try:
                self._people = self._people or self._models.people()
            except LivedreamError as error:
                self._say(str(error))
                self._desk.set("mask", "everywhere", "mask")
                return
            people = self._people(image)
        self.newest = self._masker.masked(image, frame.time, where, people)

    def laid(self) -> Laid:
        """For one thread: the newest mask on its pictures."""
        return Laid(self)

    def share(self) -> float:
        """How much the dream is everywhere, now."""
        return self._shared(time.monotonic())

    @property
    def _where(self) -> str:
        return str(self._desk.base["mask"])


class Laid:
    """The newest mask, laid on one picture after the other."""

    def __init__(self, masking: Masking | None = None) -> None:
        """Without masking it is everywhere."""
        self._masking = masking
        self._follower = Follower()
        self._held: np.ndarray | None = None

    def at(self, picture: np.ndarray, state: State) -> np.ndarray | None:
        """Where the dream may be in `picture`, uint8 BGR, mirrored as `state` says; float32 [h, w],
        0..1; None is everywhere. While the picture is held, the mask is."""
        mask = self._masking and self._masking.newest
        if not (state["freeze"] and self._held is not None):
            self._held = None if mask is None else self._carried(mask, picture, state)
        if self._held is None or self._masking is None:
            return None
        share = self._masking.share()
        return self._held if share == 0 else self._held + (1 - self._held) * np.float32(share)

    def _carried(self, mask: Mask, picture: np.ndarray, state: State) -> np.ndarray:
        return self._follower.carried(
            mask.flipped if state["mirror"] else mask, small_gray(picture)
        )

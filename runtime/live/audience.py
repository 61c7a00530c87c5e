"""Who is in front of the camera, a few times a second, and what the show makes of it.

Pictures are looked at and let go of: nothing of a visitor is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from ..control.desk import Desk
from ..errors import LivedreamError
from ..frame import Frame, as_picture
from ..presence.models import Models
from ..presence.motion import MotionGate, small
from ..presence.states import State, Visit
from ..stats import Stats
from .attract import Attract
from .lookout import Lookout

FACE = 0.6
"""How sure it must be that there is a face. People have 0.8 and more, rooms less than 0.5."""

PERSON = 0.08
"""Share of the picture that a person covers who is not as the room was: near, and no coffee cup
that the model takes for one."""

RATE = 5.0
"""Looks a second."""


class Audience(Lookout):
    """Looks at the camera's frames that pass `through`, and fades what attracts in and out.

    models: opened when they are first wanted; where there is none, the desk goes back to motion.
    newest: the picture that is shown, uint8 BGR, or None. say: hears what a person should know.
    clock: seconds, that of the frames.
    """

    def __init__(
        self,
        desk: Desk,
        attract: Attract,
        models: Models,
        stats: Stats,
        newest: Callable[[], np.ndarray | None] = lambda: None,
        say: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            "presence", RATE, "A picture could not be looked at for people", stats, say
        )
        self.newest = newest
        self.attract = attract
        self._models = models
        self._desk, self._clock = desk, clock
        self._visit = Visit(clock(), empty=self._wanted != "off")
        self._gate = MotionGate()
        self._auto: bool | None = None  # What it was before the presets attracted.
        self._tell(self._visit.state)

    @property
    def told(self) -> str:
        """What the numbers say; empty where nobody is looked for."""
        return f"presence: {self._visit.state}" if self._busy else ""

    @property
    def visits(self) -> int:
        """How often somebody came."""
        return self._visit.visits

    def through(self, frame: Frame) -> Frame:
        """In the thread that captures: a frame of the camera, and what is dreamt in its place."""
        if not self._busy:
            return frame
        self.frames.put(frame)
        share = self.share(self._clock())
        if share == 0:
            return frame
        try:
            image = as_picture(frame.image)
        except LivedreamError:
            return frame  # Whoever dreams it says so.
        height, width = image.shape[:2]
        other = self.attract.picture((width, height))
        if other is None:
            return frame
        return replace(frame, image=cv2.addWeighted(image, 1 - share, other, share, 0))

    def share(self, time: float) -> float:
        """Of what is dreamt at `time`, how much is what attracts, 0..1."""
        return 0.0 if self.attract.presets else self._visit.share(time)

    def amount(self, time: float) -> float:
        """How much of the dream may be laid over what is shown at `time`, 0..1: dreams that were
        recorded are shown as they are."""
        return 1 - self.share(time) if self.attract.ready else 1.0

    def look(self, frame: Frame) -> None:
        """At one frame of the camera."""
        now = frame.time
        before = self._visit.state
        state = self._visit.look(self._wanted == "off" or self._seen(frame), now)
        if state != before:
            self._tell(state)

    @property
    def _wanted(self) -> str:
        return str(self._desk.base["presence"])

    @property
    def _busy(self) -> bool:
        return self._wanted != "off" or self._visit.state != State.DREAM

    def _seen(self, frame: Frame) -> bool:
        image, wanted = as_picture(frame.image), self._wanted
        gray = small(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        if not self._gate.look(gray, frame.time, self._own()):
            return False
        try:
            if wanted == "face":
                return self._models.faces()(image) >= FACE
            if wanted == "person":
                return person_moved(self._models.people()(image), self._gate.moved)
        except LivedreamError as error:
            self._say(str(error))
            self._desk.set("presence", "motion", "presence")
        return True

    def _own(self) -> np.ndarray | None:
        """What is shown, where it does not come from the camera."""
        alone = self._visit.state == State.ATTRACT and self._visit.share(self._clock()) == 1
        shown = self.newest() if alone and not self.attract.presets else None
        return None if shown is None else small(cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY))

    def _tell(self, state: State) -> None:
        if self._wanted != "off":
            self._stats.note(f"presence: {state}")
        if not self.attract.presets:
            return
        if state == State.ATTRACT:
            self._auto = bool(self._desk.base["auto"])
            self._desk.set("auto", True, "attract")
        elif self._auto is not None:
            self._desk.set("auto", self._auto, "attract")
            self._auto = None


def person_moved(people: np.ndarray, moved: np.ndarray) -> bool:
    """Whether enough of the picture is a person, `people`, float32 [h, w], 0..1, and `moved`, bool
    of any size."""
    there = cv2.resize(people, moved.shape[::-1]) > 0.5
    return bool((there & moved).mean() > PERSON)

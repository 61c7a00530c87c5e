"""The surface that listens: what is heard moves values, and its beat the tempo."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ...declared import Value
from ...errors import LivedreamError
from ..conductor import Conductor
from ..desk import Desk
from .analysis import RATE, SECOND, Analysis, named
from .inputs import Input
from .pulse import LENGTH, Pulse, agree, followed, pulse_of

GAP = 0.25
"""Seconds without a block after which silence is heard: some inputs send nothing while nothing
plays."""

LOST = 3.0
"""Seconds without a block after which the input is opened again."""

LOOK = 0.5
"""Seconds between two looks for the beat."""

BLOCKS = 100
"""Blocks that wait at most; older ones are left out."""


class Hearing:
    """Listens to the input `name` until `close`. conductor: hears the beat.

    whole: gets each block, float32 [n, 2], and when it came, in the thread of the library.
    say: hears when the input is lost and comes back. backends: as of `Input`. Raises as `Input`.
    """

    def __init__(
        self,
        desk: Desk,
        conductor: Conductor,
        name: str,
        *,
        say: Callable[[str], None] = lambda text: None,
        backends: Sequence[Any] = (),
        clock: Callable[[], float] = time.monotonic,
        whole: Callable[[np.ndarray, float], None] = lambda samples, now: None,
    ) -> None:
        self._desk, self._conductor, self._say, self._clock = desk, conductor, say, clock
        self._whole = whole
        self._backends = backends
        self._blocks: deque[np.ndarray] = deque(maxlen=BLOCKS)
        self._news = threading.Event()
        self._ended = False
        self._analysis = Analysis()
        self._fluxes: deque[float] = deque(maxlen=round(LENGTH * SECOND))
        self._looked = self._came = clock()
        self._lost = False
        self._pulse: Pulse | None = None
        self._input: Input | None = Input(name, self._receive, backends)
        self.name = self._input.name
        self._forget = desk.observe(self._note)
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """May be called twice."""
        self._forget()
        self._ended = True
        self._news.set()
        self._thread.join(1.0)
        if self._input:
            self._input.close()
        self._desk.heard = {}

    def hear(self, samples: np.ndarray, now: float) -> None:
        """What came in until `now`, seconds; of the thread that listens.

        samples: float32 [n] in -1..1.
        """
        for heard in self._analysis.feed(samples):
            self._fluxes.append(heard.flux)
            self._desk.heard = named(heard)
        if now - self._looked >= LOOK:
            self._looked = now
            self._look(now)

    def _look(self, now: float) -> None:
        """Follow the beat, once two looks agree on it."""
        before, self._pulse = self._pulse, pulse_of(np.array(self._fluxes))
        if not (before and self._pulse and agree(before, self._pulse)):
            return
        if self._desk.base["follow"] and not self._conductor.is_led(now):
            tempo = followed(self._desk.tempo, self._pulse, now)
            self._conductor.follow(tempo)
            self._desk.set("tempo", round(tempo.bpm, 1), "sound")

    def _note(self, name: str, value: Value, source: str) -> None:
        """A hand on the tempo, or another clock, is followed instead."""
        by_hand = name == "tap" or (name == "tempo" and source != "sound")
        if by_hand and self._desk.base["follow"]:
            self._desk.set("follow", False, "tempo")

    def _receive(self, samples: np.ndarray) -> None:
        self._whole(samples, self._clock())
        self._blocks.append(samples.mean(1))
        self._news.set()

    def _run(self) -> None:
        while not self._ended:
            came = self._news.wait(GAP)
            self._news.clear()
            if self._ended:
                return
            now = self._clock()
            blocks = []
            while self._blocks:
                blocks.append(self._blocks.popleft())
            if blocks:
                self._came = now
                if self._lost:
                    self._lost = False
                    self._say(f"Sound from {self.name} is back")
                self.hear(np.concatenate(blocks), now)
            elif not came:
                self.hear(np.zeros(round(GAP * RATE), np.float32), now)
                if now - self._came > LOST:
                    self._again(now)

    def _again(self, now: float) -> None:
        """Open the input anew: it may have been unplugged."""
        self._came = now
        if self._input:
            self._input.close()
            self._input = None
        with suppress(LivedreamError):
            self._input = Input(self.name, self._receive, self._backends)
        if self._input is None and not self._lost:
            self._lost = True
            self._say(f"Sound from {self.name} is lost; it is looked for.")

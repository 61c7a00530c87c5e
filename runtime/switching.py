"""Changing what is dreamt without stopping the picture: the next engine opens in the background."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .dreamer import octave_sizes
from .engine import HostEngine
from .errors import LivedreamError
from .objective import Objective
from .opening import Network, open_engine
from .parameters import Dream


@dataclass(frozen=True)
class Ready:
    """An engine with all sizes opened, and the values it was opened for."""

    engine: HostEngine
    dream: Dream


class Switcher:
    """Prepares one change at a time; a newer request makes an older one void.

    `message` is what a person should know now, empty when there is nothing.
    """

    def __init__(self, network: Network, engine: HostEngine, dream: Dream) -> None:
        self.network = network
        self.message = ""
        self._engine = engine
        self._dream = dream
        self._objective = engine.objective
        self._lock = threading.Lock()
        self._number = 0
        self._ready: Ready | None = None

    @property
    def objective(self) -> Objective:
        """The newest that was asked for."""
        return self._objective

    @property
    def dream(self) -> Dream:
        """The newest values that were asked for."""
        return self._dream

    def neighbour(self, step: int) -> Objective:
        """The layer `step` places further in the network, around its ends, as an objective."""
        names = list(self.network.layers)
        current = self._objective.layers[0]
        place = (names.index(current) + step) % len(names)
        return Objective((type(self._objective.terms[0])(names[place]),))

    def request(self, objective: Objective, dream: Dream, size: tuple[int, int]) -> None:
        """Prepare for pictures of `size`, (height, width); `take` hands it over when it is done."""
        with self._lock:
            self._number += 1
            self._objective, self._dream, self._ready = objective, dream, None
            work = threading.Thread(
                target=self._prepare,
                args=(self._number, objective, dream, size),
                name="switching",
                daemon=True,
            )
        work.start()

    def take(self) -> Ready | None:
        """What got ready since the last call."""
        with self._lock:
            ready, self._ready = self._ready, None
            if ready:
                self._engine = ready.engine
            return ready

    def _prepare(
        self, number: int, objective: Objective, dream: Dream, size: tuple[int, int]
    ) -> None:
        def sizes(minimum: int) -> list[tuple[int, int]]:
            return octave_sizes(*size, dream.octaves, dream.octave_scale, minimum)

        def report(stage: str, fraction: float) -> None:
            self._say(number, f"{objective}: {stage} {fraction:.0%}")

        current = self._engine
        try:
            if set(objective.layers) <= set(current.graph.layers):
                # The file steers to it: no new session but for new sizes.
                engine = current.steered(objective)
                for height, width in sizes(engine.minimum_size):
                    engine.prepare(height, width)
            else:
                engine = open_engine(
                    self.network,
                    objective,
                    sizes,
                    provider=current.provider,
                    progress=report,
                    say=lambda text: self._say(number, text),
                    background=True,
                )
        except LivedreamError as error:
            with self._lock:
                if number == self._number:
                    self._objective, self._dream = current.objective, dream
            self._say(number, str(error))
            return
        with self._lock:
            if number == self._number:
                self._ready = Ready(engine, dream)
        self._say(number, "")

    def _say(self, number: int, text: str) -> None:
        if number == self._number:
            self.message = text

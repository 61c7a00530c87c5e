"""Changing what is dreamt without stopping the picture: the next engine opens in the background."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .dreamer import octave_sizes
from .engine import HostEngine
from .errors import LivedreamError
from .objective import Objective, Term
from .on_demand import Cancelled
from .opening import Network, open_engine
from .parameters import Dream


@dataclass(frozen=True)
class Wanted:
    """One change: what to climb, with which values, on pictures of `size`, (height, width)."""

    objective: Objective
    dream: Dream
    size: tuple[int, int]


@dataclass(frozen=True)
class Ready:
    """An engine with all sizes opened, and the values it was opened for."""

    engine: HostEngine
    dream: Dream


class Switcher:
    """Prepares the newest change that was asked for, one at a time.

    `message` is what a person should know now, empty when there is nothing.
    """

    def __init__(self, network: Network, engine: HostEngine, dream: Dream) -> None:
        self.network = network
        self.message = ""
        self._engine = engine
        self._wanted = Wanted(engine.objective, dream, (0, 0))
        self._lock = threading.Lock()
        self._working = False
        self._cancel = threading.Event()
        self._ready: Ready | None = None

    @property
    def objective(self) -> Objective:
        """The newest that was asked for."""
        return self._wanted.objective

    @property
    def dream(self) -> Dream:
        """The newest values that were asked for."""
        return self._wanted.dream

    def neighbour(self, step: int) -> Objective:
        """The layer `step` places further in the network, around its ends, as an objective."""
        names = list(self.network.layers)
        place = (names.index(self.objective.layers[0]) + step) % len(names)
        return Objective((Term(names[place]),))

    def request(self, objective: Objective, dream: Dream, size: tuple[int, int]) -> None:
        """Prepare for pictures of `size`, (height, width); `take` hands it over when it is done.

        An export under way for another objective is called off.
        """
        with self._lock:
            if objective != self._wanted.objective:
                self._cancel.set()
            self._wanted, self._ready = Wanted(objective, dream, size), None
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="switching", daemon=True).start()

    def take(self) -> Ready | None:
        """What got ready since the last call."""
        with self._lock:
            ready, self._ready = self._ready, None
            return ready

    def close(self) -> None:
        """Call off what is being prepared."""
        self._cancel.set()

    def _work(self) -> None:
        """Prepare what is wanted until nothing newer is."""
        while True:
            with self._lock:
                wanted = self._wanted
                self._cancel = cancel = threading.Event()
            try:
                engine = self._prepared(wanted, cancel)
                message = ""
            except Cancelled:
                engine, message = None, self.message
            except LivedreamError as error:
                engine, message = None, str(error)
            with self._lock:
                self.message = message
                if engine:
                    self._engine = engine
                elif self._wanted == wanted:
                    # What runs goes on, and the next key starts from there.
                    self._wanted = Wanted(self._engine.objective, wanted.dream, wanted.size)
                if self._wanted == wanted or (not engine and not cancel.is_set()):
                    self._ready = Ready(engine, wanted.dream) if engine else None
                    self._working = False
                    return

    def _prepared(self, wanted: Wanted, cancel: threading.Event) -> HostEngine:
        dream = wanted.dream

        def sizes(minimum: int) -> list[tuple[int, int]]:
            return octave_sizes(*wanted.size, dream.octaves, dream.octave_scale, minimum)

        def say(text: str) -> None:
            self.message = text

        current = self._engine
        if set(wanted.objective.layers) <= set(current.graph.layers):
            # The file steers to it: no new session but for new sizes.
            engine = current.steered(wanted.objective)
            for height, width in sizes(engine.minimum_size):
                engine.prepare(height, width)
            return engine
        return open_engine(
            self.network,
            wanted.objective,
            sizes,
            provider=current.provider,
            progress=lambda stage, part: say(f"{wanted.objective}: {stage} {part:.0%}"),
            say=say,
            background=True,
            cancel=cancel,
        )

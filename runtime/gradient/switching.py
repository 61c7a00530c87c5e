"""Changing what is dreamt without stopping the picture: the next engine opens in the background."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..dream.octaves import octave_sizes
from ..errors import Cancelled, LivedreamError, SessionLost
from .engine import Engine
from .network import Network
from .objective import Objective, at_layer
from .platform import Platform
from .providers import Provider
from .selection import Engines, Opening
from .takeover import Takeover

CLOSING = 1.0
"""Seconds that `close` takes at most."""

IDLE = 5.0
"""Seconds without a change after which the layers next to the one that plays are exported."""

OFTEN, WHILE, PAUSE = 3, 60.0, 5.0
"""A provider that lost its sessions OFTEN times in WHILE seconds is left for another one; where
there is none, it is opened every PAUSE seconds."""


@dataclass(frozen=True)
class Wanted:
    """What an engine is opened for: what to climb, on which octaves of pictures of `size`,
    (height, width)."""

    objective: Objective
    octaves: int
    octave_scale: float
    size: tuple[int, int]

    def sizes(self, minimum: int) -> list[tuple[int, int]]:
        """(height, width) of the octaves, small to large."""
        return octave_sizes(*self.size, self.octaves, self.octave_scale, minimum)

    def same_graph(self, other: Wanted, network: Network) -> bool:
        """Whether the same graph serves both, steered."""
        return network.taps(self.objective) == network.taps(other.objective)

    def alike(self, other: Wanted, network: Network) -> bool:
        """Whether the same sessions serve both, steered."""
        mine = self.octaves, self.octave_scale, self.size
        theirs = other.octaves, other.octave_scale, other.size
        return mine == theirs and self.same_graph(other, network)


@dataclass(frozen=True)
class Ready:
    """An engine, and what it is open for."""

    engine: Engine[Any]
    wanted: Wanted


class Switcher:
    """Prepares the newest change that was asked for, one at a time, on what opens within seconds;
    then builds for better providers, as far as there are some. What no longer plays is ended.

    engines: of the one that plays. notify: hears what happened, once; `message` is what is being
    done, empty when nothing is. ahead: seconds of rest after which the neighbouring layers are
    exported into the cache; None for never, and then the platform is not kept warm either.
    """

    def __init__(
        self,
        engines: Engines,
        playing: Ready,
        notify: Callable[[str], None],
        *,
        ahead: float | None = None,
    ) -> None:
        self.network = engines.network
        self._engines, self._playing = engines, playing
        self._notify, self._ahead = notify, ahead
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._wanted = playing.wanted
        self._begun: Wanted | None = None
        self._sized = False
        """Whether the sizes of what is begun are settled."""
        self._beginning = engines
        """Those of what is begun; else the ones that play."""
        self._cancel = threading.Event()
        self._ready: Ready | None = None
        self._ready_engines = engines
        self._failed: tuple[Wanted, str] | None = None
        self._retired: list[Engines] = []
        self._replaced = self._improving = self._lost = self._ending = False
        self._warm = ahead is None
        self._losses: deque[float] = deque(maxlen=OFTEN)
        self._tried: set[str] = set()
        self._doing = ""
        self._takeover: Takeover | None = None

    @property
    def platform(self) -> Platform:
        """Where the engine that plays runs."""
        return self._engines.platform

    @property
    def message(self) -> str:
        takeover = self._takeover
        return self._doing or (takeover.message if takeover else "")

    def want(self, wanted: Wanted) -> None:
        """Prepare `wanted`, in place of what was wanted before; `take` hands it over when it is
        done, `failed` tells why it is not. Takes no time, and none at all where it is not new."""
        with self._changed:
            if wanted == self._wanted:
                return
            self._wanted, self._failed = wanted, None
            begun = self._begun
            if begun and not self._sized and wanted.same_graph(begun, self.network):
                self._begun = wanted  # Its graph is still being made.
            elif begun is None or not wanted.alike(begun, self.network):
                self._cancel.set()
            ready, self._ready = self._ready, None
            if ready and wanted.alike(ready.wanted, self.network):
                ready.engine.steer(wanted.objective)
                self._ready = Ready(ready.engine, wanted)
            elif ready:
                self._retire(self._ready_engines)
            self._wake()

    def improve(self) -> None:
        """Begin to build for better providers than the one that plays; returns at once."""
        with self._changed:
            self._improving = True
            self._wake()

    def take(self) -> Ready | None:
        """What got ready since the last call. For the moment between two frames: takes no time."""
        with self._changed:
            ready, self._ready = self._ready, None
            if ready:
                if self._ready_engines is not self._engines:
                    self._retired.append(self._engines)
                self._engines = self._ready_engines
                self._stop_building()
                self._improving = True
            elif self._takeover and self._begun is None and not self._outdated():
                better = self._takeover.take()
                ready = Ready(better, self._wanted) if better else None
            if ready:
                self._playing, self._replaced, self._lost = ready, True, False
                self._wake()
            return ready

    def failed(self) -> tuple[Wanted, str] | None:
        """What could not be prepared since the last call, and why, in a sentence."""
        with self._changed:
            failed, self._failed = self._failed, None
            return failed

    def lost(self, error: SessionLost) -> None:
        """What plays has lost its sessions: opens them again, or those of the next provider. May be
        called for every frame until they are there; takes no time."""
        with self._changed:
            if self._lost or self._ready:
                return
            self._lost = True
            self._losses.append(time.monotonic())
            if self._pause() and self._engines.refuse(self._playing.engine.provider):
                self._losses.clear()
            self._wake()
        self._tell(f"{error} It is opened again.")

    def step_down(self, ready: Ready, platform: Platform) -> None:
        """The dream had to go on with less: with `ready`, on `platform`. What was being prepared
        is dropped."""
        with self._changed:
            self._cancel.set()
            if self._ready:
                self._retire(self._ready_engines)
            if platform is not self._engines.platform:
                self._retired.append(self._engines)
                self._engines = Engines(self.network, platform)
                self._engines.adopt(ready.engine)
            self._playing, self._wanted = ready, ready.wanted
            self._ready = self._failed = None
            self._stop_building()
            self._replaced, self._lost = True, False
            self._wake()

    def close(self) -> bool:
        """Call off what is being prepared, and end all sessions; nothing dreams any more.

        Returns within CLOSING seconds: False where something is in a library that cannot be
        interrupted. Then the process should end without waiting for its threads.
        """
        end = time.monotonic() + CLOSING
        with self._changed:
            self._ending = True
            self._cancel.set()
            building = self._stop_building()
            every = [*self._retired, self._engines, self._beginning, self._ready_engines]
            self._retired = []
            self._changed.notify_all()
        closing = threading.Thread(
            target=_close, args=([self.platform, *every],), name="closing", daemon=True
        )
        closing.start()
        threads = [closing, *([self._worker] if self._worker else []), *building]
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # The worker: everything below runs in its thread, or holds `_changed`.

    def _wake(self) -> None:
        if self._worker is None and not self._ending:
            self._worker = threading.Thread(target=self._work, name="switching", daemon=True)
            self._worker.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while job := self._next():
            try:
                job()
            except Exception as error:  # noqa: BLE001 - told; the next change is another chance
                self._give_up(_reason(error))

    def _next(self) -> Callable[[], None] | None:
        """What to do now, most urgent first; waits for it. None at the end."""
        with self._changed:
            rested = False
            while not self._ending:
                if self._retired:
                    retired, self._retired = self._retired, []
                    return lambda: _close(retired)
                if self._outdated() or (self._lost and not self._pause()):
                    return self._prepare
                if self._replaced and self._ready is None:  # which it would end
                    self._replaced = False
                    return self._tidy
                if self._improving and self._ready is None:
                    self._improving = False
                    return self._build
                if not self._warm and self._ready is None:
                    self._warm = True
                    return self.platform.warm
                if rested and (neighbour := self._neighbour()):
                    return lambda: self._export(neighbour)
                patience = self._pause() if self._lost else self._ahead
                rested = not self._changed.wait(patience) and not self._lost
            return None

    def _outdated(self) -> bool:
        """Whether something else is wanted than plays or waits to be taken."""
        return self._ready is None and self._wanted != self._playing.wanted

    def _pause(self) -> float:
        """Seconds until what was lost may be opened again."""
        losses, now = self._losses, time.monotonic()
        if len(losses) < OFTEN or losses[-1] - losses[0] > WHILE:
            return 0.0
        return max(0.0, losses[-1] + PAUSE - now)

    def _prepare(self) -> None:
        """Open what is wanted."""
        with self._changed:
            wanted, engines = self._wanted, self._engines
            if self._ending:
                return
            if not engines.covers(wanted.objective):
                engines = Engines(self.network, engines.platform)
            self._begun, self._beginning, self._sized = wanted, engines, False
            self._warm = self._ahead is None
            self._cancel = cancel = threading.Event()
        engine, trouble = self._opened(engines, wanted, cancel)
        with self._changed:
            wanted = self._begun or wanted
            self._begun, self._beginning, self._doing = None, self._engines, ""
            left = engines.platform is not self._engines.platform  # the dream, meanwhile
            if engine and wanted.alike(self._wanted, self.network) and not left:
                if self._wanted != wanted:
                    engine.steer(self._wanted.objective)
                self._ready, self._ready_engines = Ready(engine, self._wanted), engines
                self._lost = False
                return
            self._retire(engines)
            if trouble and self._wanted == wanted and not left:
                self._failed = wanted, trouble
                self._wanted = self._playing.wanted
                if self._lost:
                    self._losses.extend([time.monotonic()] * OFTEN)

    def _opened(
        self, engines: Engines, wanted: Wanted, cancel: threading.Event
    ) -> tuple[Engine[Any] | None, str]:
        """The engine, or None and why not."""

        def progress(stage: str, part: float) -> None:
            self._doing = f"{wanted.objective}: {stage} {part:.0%}"

        def sizes(minimum: int) -> list[tuple[int, int]]:
            with self._changed:
                self._sized = True
                return (self._begun or wanted).sizes(minimum)

        opening = Opening(progress, self._tell, background=True, cancel=cancel)
        try:
            return engines.quick(wanted.objective, sizes, opening), ""
        except Cancelled:
            return None, ""
        except LivedreamError as error:
            return None, str(error)
        except Exception as error:  # noqa: BLE001 - told
            return None, _reason(error)

    def _give_up(self, trouble: str) -> None:
        """After an error that nobody foresaw."""
        with self._changed:
            self._begun, self._doing = None, ""
            self._failed = self._wanted, trouble
            self._wanted, self._ready = self._playing.wanted, None

    def _retire(self, engines: Engines) -> None:
        """Have ended what `engines` opened and does not play."""
        if engines is self._engines:
            self._replaced = True
        else:
            self._retired.append(engines)

    def _tidy(self) -> None:
        with self._changed:
            engines, playing = self._engines, self._playing
        with suppress(SessionLost):  # The next frame says so.
            engines.let_go(playing.engine, playing.wanted.sizes)

    def _build(self) -> None:
        """Begin with what is better than what plays."""
        with self._changed:
            self._stop_building()
            engines, wanted = self._engines, self._playing.wanted
            better = engines.better_than(self._playing.engine)
            if not better or self._ending:
                return

            def build(
                provider: Provider, say: Callable[[str], None], cancel: threading.Event
            ) -> Engine[Any]:
                def progress(stage: str, part: float) -> None:
                    say(f"{stage} {part:.0%}")

                opening = Opening(progress, self._tell, background=True, cancel=cancel)
                return engines.open(provider, wanted.objective, wanted.sizes, opening)

            self._takeover = Takeover(better, build, self._tell)
            self._takeover.start()

    def _stop_building(self) -> list[threading.Thread]:
        """Returns the thread that may still be at it."""
        takeover, self._takeover = self._takeover, None
        if takeover is None:
            return []
        takeover.close()
        return [takeover.thread]

    def _neighbour(self) -> Objective | None:
        """The next layer of those beside the one that plays that may lack a graph."""
        if self._ahead is None or self.network.graph is not None:
            return None
        objective, layers = self._playing.wanted.objective, list(self.network.layers)
        place = layers.index(objective.layers[0])
        for step in (1, -1):
            layer = layers[(place + step) % len(layers)]
            beside = at_layer(objective, layer, self.network.layers)
            if "+".join(beside.layers) not in self._tried:
                return beside
        return None

    def _export(self, objective: Objective) -> None:
        """Into the cache, for the day that somebody asks for it; who does hears what went wrong."""
        with self._changed:
            if self._ending or self._outdated():
                return
            self._cancel = cancel = threading.Event()
            provider = self._playing.engine.provider
        try:
            self.network.graph_for(objective, provider, _silent, True, cancel)
        except Cancelled:
            return
        except LivedreamError:
            pass
        self._tried.add("+".join(objective.layers))

    def _tell(self, text: str) -> None:
        """Whoever cannot be told is no reason to stop."""
        with suppress(Exception):
            self._notify(text)


def _silent(stage: str, part: float) -> None: ...


def _reason(error: Exception) -> str:
    reason = str(error).split("\n")[0][:200].rstrip(".")
    return f"It cannot be opened: {reason or type(error).__name__}."


def _close(retired: Sequence[Engines | Platform]) -> None:
    for each in retired:
        each.close()

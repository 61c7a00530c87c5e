"""Changing what is dreamt without stopping the picture: the next engine opens in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import Cancelled, LivedreamError, SessionLost
from .ahead import Neighbours
from .coming import Coming
from .engine import Engine
from .losses import Losses
from .making import Making, reason_of
from .objective import Objective
from .platform import Platform
from .providers import Provider
from .selection import Engines, Opening
from .takeover import Takeover
from .wanted import Ready, Wanted

CLOSING = 1.0
"""Seconds that `close` takes at most."""

SHORT = 0.25
"""Seconds that other layers may take until octaves and size are changed without waiting for them:
a graph from the cache is there sooner, and opening both would take longer."""

IDLE = 5.0
"""Seconds without a change after which the layers next to the one that plays are exported."""


class Switcher:
    """Prepares the newest change that was asked for, one at a time, on what opens within seconds;
    then builds for better providers, as far as there are some; then opens what is foreseen. What no
    longer plays is ended. While the graph of other layers is made, changes of octaves and size hold
    on those that play.

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
        self._beginning = engines
        """Those of what is begun; else the ones that play."""
        self._cancel = threading.Event()
        self._making: Making | None = None
        self._ready: Ready | None = None
        self._ready_engines = engines
        self._failed: tuple[Wanted, str] | None = None
        self._retired: list[Engines] = []
        self._replaced = self._improving = self._lost = self._ending = False
        self._warm = ahead is None
        self._losses, self._neighbours = Losses(), Neighbours(engines.network)
        self._doing = ""
        self._takeover: Takeover | None = None
        self._foreseen: Wanted | None = None
        self._coming: Coming | None = None

    @property
    def platform(self) -> Platform:
        """Where the engine that plays runs."""
        return self._engines.platform

    @property
    def message(self) -> str:
        doing = [each.message for each in (self._making, self._takeover) if each]
        return next(filter(None, [self._doing, *doing]), "")

    @property
    def timing(self) -> bool:
        """Whether something is timed on the card, which wants it for itself."""
        building = self._takeover and self._takeover.building
        return bool(building and building.builds)

    def want(self, wanted: Wanted) -> None:
        """Prepare `wanted`, in place of what was wanted before; `take` hands it over when it is
        done, `failed` tells why it is not. Takes no time, and none at all where it is not new."""
        with self._changed:
            if wanted == self._wanted:
                return
            self._wanted, self._failed = wanted, None
            begun, making = self._begun, self._making
            if begun is None or not self._useful(begun):
                self._cancel.set()
            coming = self._coming
            if coming and not coming.over and not wanted.alike(coming.wanted, self.network):
                self._drop_coming()  # What is wanted does not wait for it.
            if making and not wanted.same_graph(making.wanted, self.network):
                self._stop_making()
            ready, self._ready = self._ready, None
            if ready and self._useful(ready.wanted):
                self._ready = self._as_wanted(ready)
            elif ready:
                self._retire(self._ready_engines)
            self._hand_out()
            self._wake()

    def foresee(self, wanted: Wanted | None) -> None:
        """`wanted` will be wanted next, as far as known; None where nothing is. It is opened while
        there is nothing else to do, and then `want` of it has it ready at once. Takes no time."""
        with self._changed:
            if wanted == self._foreseen:
                return
            self._foreseen, coming = wanted, self._coming
            if coming and not (wanted and wanted.alike(coming.wanted, self.network)):
                self._drop_coming()
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

    def lost(self, error: SessionLost) -> bool:
        """What plays has lost its sessions: opens them again, or those of the next provider. May be
        called for every frame until they are there; whether this is the first one since they were
        opened, or could not be. Takes no time. At the end they are lost, and nobody needs to know.
        """
        with self._changed:
            if self._lost or self._ready or self._ending:
                return False
            self._lost = True
            self._losses.add()
            if self._losses.pause and self._engines.refuse(self._playing.engine.provider):
                self._losses.forget()
            self._wake()
        self._tell(f"{error} It is opened again.")
        return True

    def step_down(self, ready: Ready, platform: Platform) -> None:
        """The dream had to go on with less: with `ready`, on `platform`. What was being prepared
        is dropped."""
        with self._changed:
            self._cancel.set()
            self._stop_making()
            if self._ready:
                self._retire(self._ready_engines)
            if platform is not self._engines.platform:
                self._retired.append(self._engines)
                self._engines = Engines(self.network, platform)
                self._engines.adopt(ready.engine)
            elif ready.engine is not self._playing.engine:  # A slow one gave way to a quick one.
                self._engines.adopt(ready.engine)
                self._improving = True
            if self._coming:  # It takes what the dream lacks; not again before another one comes.
                self._drop_coming()
                self._coming = Coming(self._foreseen, self._engines) if self._foreseen else None
            self._playing, self._wanted = ready, ready.wanted
            self._ready = self._failed = None
            self._stop_building()
            self._replaced, self._lost = True, False
            self._wake()

    def close(self) -> bool:
        """Call off what is being prepared, and end all sessions; nothing dreams any more.

        Returns within CLOSING seconds: False where something is in a library that cannot be
        interrupted. That ends with the program, which waits for no thread (see `ending`).
        """
        end = time.monotonic() + CLOSING
        with self._changed:
            self._ending = True
            self._cancel.set()
            building = [*self._stop_building(), *self._stop_making()]
            every = [*self._retired, self._engines, self._beginning, self._ready_engines]
            if self._coming:
                self._coming.cancel.set()
                every.append(self._coming.engines)
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
                self._give_up(reason_of(error))

    def _next(self) -> Callable[[], None] | None:
        """What to do now, most urgent first; waits for it. None at the end."""
        with self._changed:
            rested = False
            while not self._ending:
                if self._retired:
                    retired, self._retired = self._retired, []
                    return lambda: _close(retired)
                if goal := self._goal():
                    return partial(self._prepare, goal)
                if self._lacks_graph():
                    return self._make
                if self._replaced and self._ready is None:  # which it would end
                    self._replaced = False
                    return self._tidy
                busy = self._outdated() or self._lost
                if self._improving and self._ready is None and not busy:
                    self._improving = False
                    return self._build
                if not self._warm and self._ready is None:
                    self._warm = True
                    return self.platform.warm
                if self._lacks_coming():
                    return self._open_coming
                if rested and not busy and (neighbour := self._neighbour()):
                    return partial(self._export, neighbour)
                rested = not self._changed.wait(self._patience())
            return None

    def _patience(self) -> float | None:
        """Seconds after which there may be something to do though nothing changed."""
        if self._lost:
            return self._losses.pause
        making = self._making
        if making and (left := making.since + SHORT - time.monotonic()) > 0:
            return left
        return self._ahead

    def _goal(self) -> Wanted | None:
        """What to open now; None where nothing is to be, or the graph is missing."""
        if self._ready:
            return None
        wanted, playing, making = self._wanted, self._playing, self._making
        lost = self._lost and not self._losses.pause
        if self._engines.covers(wanted.objective):
            return wanted if lost or wanted != playing.wanted else None
        if making and making.made and not making.cancel.is_set():
            return wanted
        held = replace(wanted, objective=playing.engine.objective)
        long = making and time.monotonic() - making.since >= SHORT
        return held if lost or (long and not held.same_sizes(playing.wanted)) else None

    def _lacks_graph(self) -> bool:
        """Whether a graph is to be made."""
        if self._making or not self._outdated():
            return False
        return not self._engines.covers(self._wanted.objective)

    def _lacks_coming(self) -> bool:
        """Whether what is foreseen is to be opened."""
        foreseen, idle = self._foreseen, not (self._lost or self._ready or self._outdated())
        if foreseen is None or self._coming or not idle:
            return False
        return not self._engines.has(foreseen.objective, foreseen.sizes)

    def _open_coming(self) -> None:
        """Open what is foreseen, behind everything else that the machine does."""
        with self._changed:
            if self._ending or self._foreseen is None or not self._lacks_coming():
                return
            engines = Engines(self.network, self._engines.platform)
            engines.refused |= self._engines.refused
            self._coming = coming = Coming(self._foreseen, engines)
            self._warm = self._ahead is None
        coming.open(self._tell)
        with self._changed:
            if self._coming is coming:
                self._hand_out()
            else:
                self._retired.append(engines)

    def _hand_out(self) -> None:
        """Have what came as it was foreseen taken."""
        coming = self._coming
        if coming is None or coming.ready is None or not self._outdated():
            return
        if self._wanted.alike(coming.wanted, self.network):
            self._coming = None
            self._ready, self._ready_engines = self._as_wanted(coming.ready), coming.engines
            self._lost = False

    def _drop_coming(self) -> None:
        """It will not come, or there is no room for it."""
        coming, self._coming = self._coming, None
        if coming:
            coming.cancel.set()
            if coming.over:
                self._retired.append(coming.engines)

    def _useful(self, opened: Wanted) -> bool:
        """Whether what is open, or being opened, for `opened` brings nearer what is wanted."""
        wanted = self._wanted
        meanwhile = opened.same_graph(self._playing.wanted, self.network)
        if meanwhile and not self._engines.covers(wanted.objective):
            return wanted.same_sizes(opened)
        return wanted.alike(opened, self.network)

    def _as_wanted(self, ready: Ready) -> Ready:
        """One that is useful, steered to what is wanted where it can be."""
        wanted = self._wanted
        if not wanted.same_graph(ready.wanted, self.network):
            return ready
        if wanted.objective != ready.engine.objective:
            ready.engine.steer(wanted.objective)
        return Ready(ready.engine, wanted)

    def _outdated(self) -> bool:
        """Whether something else is wanted than plays or waits to be taken."""
        return self._ready is None and self._wanted != self._playing.wanted

    def _make(self) -> None:
        """Begin to make the graph of what is wanted."""
        with self._changed:
            if not self._ending and self._lacks_graph():
                engines = Engines(self.network, self._engines.platform)
                self._making = Making(engines, self._wanted, self._tell, self._made)

    def _made(self) -> None:
        """The graph lies there, or does not."""
        with self._changed:
            making = self._making
            if making and making.cancel.is_set():
                self._making = None
            elif making and making.trouble:
                self._making = None
                self._fail(making.trouble)
            self._changed.notify_all()

    def _stop_making(self) -> list[threading.Thread]:
        """Returns the thread that may still be at it."""
        making = self._making
        if making is None:
            return []
        making.cancel.set()
        if making.made:
            self._making = None
        return [making.thread]

    def _prepare(self, goal: Wanted) -> None:
        """Open what is wanted."""
        with self._changed:
            if self._ending or goal != self._goal():
                return
            engines, making = self._engines, self._making
            if making and not engines.covers(goal.objective):
                engines, self._making = making.engines, None
            self._begun, self._beginning, playing = goal, engines, self._playing
            self._warm = self._ahead is None
            self._cancel = cancel = threading.Event()
        # Left after the new engine is there to be taken: setting priorities back may take a while.
        with playing.engine.giving_way():
            engine, trouble = self._opened(engines, goal, cancel)
            self._hand_over(goal, engines, engine, trouble)

    def _hand_over(
        self, goal: Wanted, engines: Engines, engine: Engine[Any] | None, trouble: str
    ) -> None:
        """Have what was opened for `goal` taken, where it is still of use."""
        with self._changed:
            self._begun, self._beginning, self._doing = None, self._engines, ""
            left = engines.platform is not self._engines.platform  # the dream, meanwhile
            useful = self._useful(goal) and not left
            if engine and useful:
                self._ready, self._ready_engines = self._as_wanted(Ready(engine, goal)), engines
                self._lost = False
                return
            self._retire(engines)
            if trouble and useful:
                self._fail(trouble)
                if self._lost:
                    self._losses.fail()
                    self._lost = False  # until the next frame says so again

    def _fail(self, trouble: str) -> None:
        """What is wanted cannot be had."""
        self._failed = self._wanted, trouble
        self._wanted = self._playing.wanted
        self._stop_making()
        if self._begun and not self._useful(self._begun):
            self._cancel.set()

    def _opened(
        self, engines: Engines, wanted: Wanted, cancel: threading.Event
    ) -> tuple[Engine[Any] | None, str]:
        """The engine, or None and why not."""

        def progress(stage: str, part: float) -> None:
            self._doing = f"{wanted.objective}: {stage} {part:.0%}"

        opening = Opening(progress, self._tell, background=True, cancel=cancel)
        try:
            return engines.quick(wanted.objective, wanted.sizes, opening), ""
        except Cancelled:
            return None, ""
        except LivedreamError as error:
            return None, str(error)
        except Exception as error:  # noqa: BLE001 - told
            return None, reason_of(error)

    def _give_up(self, trouble: str) -> None:
        """After an error that nobody foresaw."""
        with self._changed:
            self._begun, self._doing, self._ready = None, "", None
            self._fail(trouble)

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
        """The layer to export now, behind everything else; None for none, or never."""
        if self._ahead is None:
            return None
        return self._neighbours.next(self._playing.wanted.objective)

    def _export(self, objective: Objective) -> None:
        with self._changed:
            if self._ending or self._outdated():
                return
            self._cancel = cancel = threading.Event()
            provider = self._playing.engine.provider
        self._neighbours.export(objective, provider, cancel)

    def _tell(self, text: str) -> None:
        """Whoever cannot be told is no reason to stop."""
        with suppress(Exception):
            self._notify(text)


def _close(retired: Sequence[Engines | Platform]) -> None:
    for each in retired:
        each.close()

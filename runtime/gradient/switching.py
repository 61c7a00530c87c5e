"""Changing what is dreamt without stopping the picture: the next engine opens in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..errors import SessionLost
from .attempts import attempted, told
from .coming import Coming
from .engine import Engine
from .making import Making
from .platform import Platform
from .providers import Provider
from .selection import Engines, Opening
from .switch import Job, Switch
from .takeover import Takeover
from .wanted import Ready, Wanted

CLOSING = 1.0
"""Seconds that `close` takes at most."""

IDLE = 5.0
"""Seconds without a change after which the layers next to the one that plays are exported."""


class Switcher:
    """Prepares the newest change that was asked for, one at a time, on what opens within seconds;
    then builds for better providers, as far as there are some; then opens what is foreseen. What no
    longer plays is ended. While the graph of other layers is made, changes of octaves and size hold
    on those that play. What there is to do is `Switch`'s to know; one thread does it.

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
        self._switch = Switch(engines, playing, ahead)
        self._notify = notify
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._cancel = threading.Event()
        """Of what the worker opens or exports."""
        self._beginning = engines
        """Those of what is begun; else the ones that play."""
        self._takeover: Takeover | None = None
        self._doing = ""
        self._ending = False

    @property
    def platform(self) -> Platform:
        """Where the engine that plays runs."""
        return self._switch.engines.platform

    @property
    def message(self) -> str:
        doing = [each.message for each in (self._switch.making, self._takeover) if each]
        return next(filter(None, [self._doing, *doing]), "")

    @property
    def timing(self) -> bool:
        """Whether something is timed on the card, which wants it for itself."""
        return bool(self._takeover and self._takeover.building)

    def want(self, wanted: Wanted) -> None:
        """Prepare `wanted`, in place of what was wanted before; `take` hands it over when it is
        done, `failed` tells why it is not. Takes no time, and none at all where it is not new."""
        switch = self._switch
        with self._changed:
            if wanted == switch.wanted:
                return
            switch.wanted, switch.failed = wanted, None
            begun, making = switch.begun, switch.making
            if begun is None or not switch.useful(begun):
                self._cancel.set()
            coming = switch.coming
            if coming and not coming.over and not wanted.alike(coming.wanted, self.network):
                self._drop_coming()  # What is wanted does not wait for it.
            if making and not wanted.same_graph(making.wanted, self.network):
                self._stop_making()
            ready, switch.ready = switch.ready, None
            if ready and switch.useful(ready.wanted):
                switch.ready = switch.steered(ready)
            elif ready:
                switch.retire(switch.ready_engines)
            self._hand_out()
            self._wake()

    def foresee(self, wanted: Wanted | None) -> None:
        """`wanted` will be wanted next, as far as known; None where nothing is. It is opened while
        there is nothing else to do, and then `want` of it has it ready at once. Takes no time."""
        switch = self._switch
        with self._changed:
            if wanted == switch.foreseen:
                return
            switch.foreseen, coming = wanted, switch.coming
            if coming and not (wanted and wanted.alike(coming.wanted, self.network)):
                self._drop_coming()
            self._wake()

    def improve(self) -> None:
        """Begin to build for better providers than the one that plays; returns at once."""
        with self._changed:
            self._switch.improving = True
            self._wake()

    def take(self) -> Ready | None:
        """What got ready since the last call. For the moment between two frames: takes no time."""
        switch = self._switch
        with self._changed:
            ready, switch.ready = switch.ready, None
            if ready:
                if switch.ready_engines is not switch.engines:
                    switch.retired.append(switch.engines)
                switch.engines = switch.ready_engines
                self._stop_building()
                switch.improving = True
            elif self._takeover and switch.begun is None and not switch.outdated:
                better = self._takeover.take()
                ready = Ready(better, switch.wanted) if better else None
            if ready:
                switch.playing, switch.replaced, switch.lost = ready, True, False
                self._wake()
            return ready

    def failed(self) -> tuple[Wanted, str] | None:
        """What could not be prepared since the last call, and why, in a sentence."""
        with self._changed:
            failed, self._switch.failed = self._switch.failed, None
            return failed

    def lost(self, error: SessionLost) -> bool:
        """What plays has lost its sessions: opens them again, or those of the next provider. May be
        called for every frame until they are there; whether this is the first one since they were
        opened, or could not be. Takes no time. At the end they are lost, and nobody needs to know.
        """
        switch = self._switch
        with self._changed:
            if switch.lost or switch.ready or self._ending:
                return False
            switch.lost = True
            switch.losses.add()
            if switch.losses.pause and switch.engines.refuse(switch.playing.engine.provider):
                switch.losses.forget()
            self._wake()
        self._tell(f"{error} It is opened again.")
        return True

    def step_down(self, ready: Ready, platform: Platform) -> None:
        """The dream had to go on with less: with `ready`, on `platform`. What was being prepared
        is dropped."""
        switch = self._switch
        with self._changed:
            self._cancel.set()
            self._stop_making()
            if switch.ready:
                switch.retire(switch.ready_engines)
            if platform is not switch.engines.platform:
                switch.retired.append(switch.engines)
                switch.engines = Engines(self.network, platform)
                switch.engines.adopt(ready.engine)
            elif ready.engine is not switch.playing.engine:  # A slow one gave way to a quick one.
                switch.engines.adopt(ready.engine)
                switch.improving = True
            if switch.coming:  # It takes what the dream lacks; not again before another one comes.
                self._drop_coming()
                foreseen = switch.foreseen
                switch.coming = Coming(foreseen, switch.engines) if foreseen else None
            switch.playing, switch.wanted = ready, ready.wanted
            switch.ready = switch.failed = None
            self._stop_building()
            switch.replaced, switch.lost = True, False
            self._wake()

    def close(self) -> bool:
        """Call off what is being prepared, and end all sessions; nothing dreams any more.

        Returns within CLOSING seconds: False where something is in a library that cannot be
        interrupted. That ends with the program, which waits for no thread (see `ending`).
        """
        end = time.monotonic() + CLOSING
        switch = self._switch
        with self._changed:
            self._ending = True
            self._cancel.set()
            building = [*self._stop_building(), *self._stop_making()]
            every = [*switch.retired, switch.engines, self._beginning, switch.ready_engines]
            if switch.coming:
                switch.coming.cancel.set()
                every.append(switch.coming.engines)
            switch.retired = []
            self._changed.notify_all()
        closing = threading.Thread(
            target=_close, args=([self.platform, *every],), name="closing", daemon=True
        )
        closing.start()
        threads = [closing, *([self._worker] if self._worker else []), *building]
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # Everything below runs in the worker's thread, or holds `_changed`.

    def _wake(self) -> None:
        if self._worker is None and not self._ending:
            self._worker = threading.Thread(target=self._work, name="switching", daemon=True)
            self._worker.start()
        self._changed.notify_all()

    def _work(self) -> None:
        """Each job looks again whether it is still to be done."""
        jobs = {
            Job.END: self._end,
            Job.OPEN: self._open,
            Job.MAKE: self._make,
            Job.TIDY: self._tidy,
            Job.BUILD: self._build,
            Job.WARM: self._warm,
            Job.FORESEE: self._open_coming,
            Job.EXPORT: self._export,
        }
        while job := self._next():
            try:
                jobs[job]()
            except Exception as error:  # noqa: BLE001 - told; the next change is another chance
                self._give_up(told(error))

    def _next(self) -> Job | None:
        """Waits until there is something to do. None at the end."""
        with self._changed:
            rested = False
            while not self._ending:
                if job := self._switch.job(rested):
                    return job
                rested = not self._changed.wait(self._switch.patience())
            return None

    def _end(self) -> None:
        """End what no longer plays."""
        with self._changed:
            retired, self._switch.retired = self._switch.retired, []
        _close(retired)

    def _open(self) -> None:
        """Open what is wanted, or what holds until it can be."""
        switch = self._switch
        with self._changed:
            goal = switch.goal()
            if self._ending or goal is None:
                return
            engines, making = switch.engines, switch.making
            if making and not engines.covers(goal.objective):
                engines, switch.making = making.engines, None
            switch.begun, self._beginning, playing = goal, engines, switch.playing
            switch.warm = switch.ahead is None
            self._cancel = cancel = threading.Event()
        # Left after the new engine is there to be taken: setting priorities back may take a while.
        with playing.engine.giving_way():
            engine, trouble = attempted(lambda: self._opened(engines, goal, cancel))
            self._hand_over(goal, engines, engine, trouble)

    def _opened(self, engines: Engines, wanted: Wanted, cancel: threading.Event) -> Engine[Any]:
        def progress(stage: str, part: float) -> None:
            self._doing = f"{wanted.objective}: {stage} {part:.0%}"

        opening = Opening(progress, self._tell, background=True, cancel=cancel)
        return engines.quick(wanted.objective, wanted.sizes, opening)

    def _hand_over(
        self, goal: Wanted, engines: Engines, engine: Engine[Any] | None, trouble: str
    ) -> None:
        """Have what was opened for `goal` taken, where it is still of use."""
        switch = self._switch
        with self._changed:
            switch.begun, self._beginning, self._doing = None, switch.engines, ""
            left = engines.platform is not switch.engines.platform  # the dream, meanwhile
            useful = switch.useful(goal) and not left
            if engine and useful:
                switch.ready, switch.ready_engines = switch.steered(Ready(engine, goal)), engines
                switch.lost = False
                return
            switch.retire(engines)
            if trouble and useful:
                self._fail(trouble)
                if switch.lost:
                    switch.losses.fail()
                    switch.lost = False  # until the next frame says so again

    def _fail(self, trouble: str) -> None:
        """What is wanted cannot be had."""
        switch = self._switch
        switch.failed = switch.wanted, trouble
        switch.wanted = switch.playing.wanted
        self._stop_making()
        if switch.begun and not switch.useful(switch.begun):
            self._cancel.set()

    def _give_up(self, trouble: str) -> None:
        """After an error that nobody foresaw."""
        with self._changed:
            self._switch.begun = self._switch.ready = None
            self._doing = ""
            self._fail(trouble)

    def _make(self) -> None:
        """Begin to make the graph of what is wanted."""
        switch = self._switch
        with self._changed:
            if not self._ending and switch.lacks_graph():
                engines = switch.engines.beside()
                switch.making = Making(engines, switch.wanted, self._tell, self._made)

    def _made(self) -> None:
        """The graph lies there, or does not."""
        switch = self._switch
        with self._changed:
            making = switch.making
            if making and making.cancel.is_set():
                switch.making = None
            elif making and making.trouble:
                switch.making = None
                self._fail(making.trouble)
            self._changed.notify_all()

    def _stop_making(self) -> list[threading.Thread]:
        """Returns the thread that may still be at it."""
        making = self._switch.making
        if making is None:
            return []
        making.cancel.set()
        if making.made:
            self._switch.making = None
        return [making.thread]

    def _tidy(self) -> None:
        """End what is open beside the engine that plays."""
        switch = self._switch
        with self._changed:
            switch.replaced = False
            engines, playing = switch.engines, switch.playing
        with suppress(SessionLost):  # The next frame says so.
            engines.let_go(playing.engine, playing.wanted.sizes)

    def _build(self) -> None:
        """Begin with what is better than what plays."""
        switch = self._switch
        with self._changed:
            switch.improving = False
            self._stop_building()
            engines, wanted = switch.engines, switch.playing.wanted
            better = engines.better_than(switch.playing.engine)
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

    def _warm(self) -> None:
        """Have the platform ready for what may be asked next."""
        with self._changed:
            self._switch.warm = True
        self.platform.warm()

    def _open_coming(self) -> None:
        """Open what is foreseen, behind everything else that the machine does."""
        switch = self._switch
        with self._changed:
            if self._ending or switch.foreseen is None or not switch.lacks_coming():
                return
            engines = switch.engines.beside()
            switch.coming = coming = Coming(switch.foreseen, engines)
            switch.warm = switch.ahead is None
        coming.open(self._tell)
        with self._changed:
            if switch.coming is coming:
                self._hand_out()
            else:
                switch.retired.append(engines)

    def _hand_out(self) -> None:
        """Have what came as it was foreseen taken."""
        switch, coming = self._switch, self._switch.coming
        if coming is None or coming.ready is None or not switch.outdated:
            return
        if switch.wanted.alike(coming.wanted, self.network):
            switch.coming, switch.lost = None, False
            switch.ready, switch.ready_engines = switch.steered(coming.ready), coming.engines

    def _drop_coming(self) -> None:
        """It will not come, or there is no room for it."""
        switch, coming = self._switch, self._switch.coming
        switch.coming = None
        if coming:
            coming.cancel.set()
            if coming.over:
                switch.retired.append(coming.engines)

    def _export(self) -> None:
        """Have a neighbouring layer's graph made, for the day that somebody asks for it."""
        switch = self._switch
        with self._changed:
            neighbour = switch.neighbour()
            if self._ending or switch.outdated or neighbour is None:
                return
            self._cancel = cancel = threading.Event()
            provider = switch.playing.engine.provider
        switch.neighbours.export(neighbour, provider, cancel)

    def _tell(self, text: str) -> None:
        """Whoever cannot be told is no reason to stop."""
        with suppress(Exception):
            self._notify(text)


def _close(retired: Sequence[Engines | Platform]) -> None:
    for each in retired:
        each.close()

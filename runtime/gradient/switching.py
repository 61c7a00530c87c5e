"""Changing what is dreamt without stopping the picture: the next engine opens in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..dream.octaves import octave_sizes
from ..errors import Cancelled, LivedreamError, SessionLost
from .engine import Engine
from .objective import Objective
from .platform import Platform
from .providers import Provider
from .selection import Engines, Opening
from .takeover import Takeover


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


@dataclass(frozen=True)
class Ready:
    """An engine, and what it is open for."""

    engine: Engine[Any]
    wanted: Wanted


class Switcher:
    """Prepares the newest change that was asked for, one at a time, on what opens within seconds;
    then builds for better providers, as far as there are some.

    engines: of the one that plays. notify: hears what happened, once; `message` is what is being
    done, empty when nothing is.
    """

    def __init__(self, engines: Engines, playing: Ready, notify: Callable[[str], None]) -> None:
        self.network = engines.network
        self._engines, self._notify = engines, notify
        self._wanted = playing.wanted
        self._newest = playing
        self._failed: tuple[Wanted, str] | None = None
        self._ready: Ready | None = None
        self._lock = threading.Lock()
        self._working = False
        self._doing = ""
        self._cancel = threading.Event()
        self._takeover: Takeover | None = None
        self._retired: list[Engines] = []

    @property
    def platform(self) -> Platform:
        """Where the engine that plays runs."""
        return self._engines.platform

    @property
    def message(self) -> str:
        takeover = self._takeover
        return self._doing or (takeover.message if takeover else "")

    def want(self, wanted: Wanted) -> None:
        """Prepare `wanted`; `take` hands it over when it is done, `failed` tells why it is not.

        An export under way for other layers is called off.
        """
        with self._lock:
            if wanted.objective != self._wanted.objective:
                self._cancel.set()
            self._wanted, self._ready, self._failed = wanted, None, None
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="switching", daemon=True).start()

    def improve(self) -> None:
        """Begin to build for better providers than the one that plays; returns at once."""
        with self._lock:
            self._improve()

    def take(self) -> Ready | None:
        """What got ready since the last call. For the moment between two frames: takes no time."""
        with self._lock:
            ready, self._ready = self._ready, None
            if ready is None and self._takeover and not self._working:
                better = self._takeover.take()
                if better:
                    ready = self._newest = Ready(better, self._wanted)
            if ready and self._retired:
                retired, self._retired = self._retired, []
                threading.Thread(target=_close, args=(retired,), daemon=True).start()
            return ready

    def failed(self) -> tuple[Wanted, str] | None:
        """What could not be prepared since the last call, and why, in a sentence."""
        failed, self._failed = self._failed, None
        return failed

    def lost(self, error: SessionLost) -> None:
        """What plays lost its session, see `SessionLost`: opens it again."""
        with self._lock:
            if not self._working:
                self._working = True
                self._notify(f"{error} It is opened again.")
                threading.Thread(target=self._work, name="switching", daemon=True).start()

    def step_down(self, ready: Ready, platform: Platform) -> None:
        """The dream had to go on with less: with `ready`, on `platform`. What was being prepared
        is dropped."""
        with self._lock:
            self._cancel.set()
            if self._takeover:
                self._takeover.close()
                self._takeover = None
            if platform is not self._engines.platform:
                self._engines = Engines(self.network, platform)
            self._newest, self._ready = ready, None
            self._wanted = ready.wanted

    def close(self) -> None:
        """Call off what is being prepared, and end the sessions; nothing dreams any more."""
        self._cancel.set()
        takeover = self._takeover
        if takeover:
            takeover.close()
        _close([*self._retired, self._engines])

    def _work(self) -> None:
        """Prepare what is wanted until nothing newer is."""
        while True:
            with self._lock:
                wanted, engines = self._wanted, self._engines
                self._cancel = cancel = threading.Event()
            if not engines.covers(wanted.objective):
                engines = Engines(self.network, engines.platform)
            engine, trouble = self._prepared(engines, wanted, cancel)
            with self._lock:
                self._doing = ""
                if engines.platform is not self._engines.platform:
                    engine = None  # the dream left that platform meanwhile
                if engine:
                    if engines is not self._engines:
                        self._retired.append(self._engines)
                    self._engines, self._newest = engines, Ready(engine, wanted)
                if self._wanted != wanted:
                    continue
                self._working = False
                self._ready = self._newest
                if engine:
                    self._improve()
                else:
                    self._wanted = self._newest.wanted
                    self._failed = (wanted, trouble) if trouble else None
            return

    def _prepared(
        self, engines: Engines, wanted: Wanted, cancel: threading.Event
    ) -> tuple[Engine[Any] | None, str]:
        """The engine, or None and why not."""

        def progress(stage: str, part: float) -> None:
            self._doing = f"{wanted.objective}: {stage} {part:.0%}"

        opening = Opening(progress, self._notify, background=True, cancel=cancel)
        try:
            return engines.quick(wanted.objective, wanted.sizes, opening), ""
        except Cancelled:
            return None, ""
        except LivedreamError as error:
            return None, str(error)

    def _improve(self) -> None:
        if self._takeover:
            self._takeover.close()
            self._takeover = None
        engines, wanted = self._engines, self._wanted
        better = engines.better_than(self._newest.engine)
        if not better:
            return

        def build(provider: Provider, say: Callable[[str], None]) -> Engine[Any]:
            def progress(stage: str, part: float) -> None:
                say(f"{stage} {part:.0%}")

            opening = Opening(progress, self._notify, background=True)
            return engines.open(provider, wanted.objective, wanted.sizes, opening)

        self._takeover = Takeover(better, build, self._notify)
        self._takeover.start()


def _close(retired: list[Engines]) -> None:
    for engines in retired:
        engines.close()

"""The engines of one set of layers, one per provider: opened when asked for, checked, kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import Cancelled, LivedreamError, UsageError, reason
from ..progress import Progress
from .check import WrongGradient, check_engine, worth_checking
from .engine import Engine
from .export_process import NotExported
from .graph import Graph
from .network import Network
from .objective import Objective
from .platform import Platform, better_than, start_order
from .providers import Provider

Sizes = Callable[[int], Sequence[tuple[int, int]]]
"""From the network's smallest side in pixels to the octaves' (height, width), small to large."""


@dataclass(frozen=True)
class Opening:
    """How engines are opened. progress: as for `Network.graph_for`. say: hears why a provider is
    passed over. background: a picture plays meanwhile. cancel: set, from any thread, where nobody
    wants it any more; looked at between two sizes and during an export. patient: nobody wants it
    yet, and whatever plays comes first."""

    progress: Progress
    say: Callable[[str], None]
    background: bool = False
    cancel: threading.Event | None = None
    patient: bool = False


class Engines:
    """Engines that can be steered to one set of layers, on one platform. From any thread.

    refused: names of providers that did not start or computed wrong; they are not tried again.
    """

    def __init__(self, network: Network, platform: Platform) -> None:
        self.network, self.platform = network, platform
        self.refused: set[str] = set()
        self._graphs: dict[str, Graph] = {}
        """By form, those that `make` had made."""
        self._engines: dict[str, Engine[Any]] = {}
        self._opened: set[Engine[Any]] = set()
        """One of each set of sessions."""
        self._origins: WeakKeyDictionary[Engine[Any], Engine[Any]] = WeakKeyDictionary()
        """From every engine that was handed out to the one of `_opened`."""
        self._opening: set[Engine[Any]] = set()
        self._locks = {provider.name: threading.Lock() for provider in platform.providers}
        self._closed = False

    def beside(self) -> Engines:
        """Others for other layers, on the same platform; what was refused here is refused there."""
        others = Engines(self.network, self.platform)
        others.refused |= self.refused
        return others

    def covers(self, objective: Objective) -> bool:
        """Whether the open ones can be steered to `objective`."""
        taps = [set(engine.graph.layers) for engine in list(self._engines.values())]
        return all(set(objective.taps) <= layers for layers in taps)

    def has(self, objective: Objective, sizes: Sizes) -> bool:
        """Whether `quick` would open nothing."""
        return self.covers(objective) and self._best_prepared(sizes) is not None

    def make(self, objective: Objective, opening: Opening) -> None:
        """Have the graph made that `quick` would open, which may take long where it has to be
        exported; nothing is opened. Raises as `quick` does."""
        for provider in self._usable(start_order(self._providers))[:1]:
            self._graphs[provider.form] = self._graph_for(provider, objective, opening)

    def quick(self, objective: Objective, sizes: Sizes, opening: Opening) -> Engine[Any]:
        """The best one that has all sizes open already, else one that opens within seconds.

        Raises UsageError for what cannot be right, LivedreamError where none starts, Cancelled.
        """
        ready = self._best_prepared(sizes)
        if ready:
            return self._steered(ready, objective)
        return self._first(start_order(self._providers), objective, sizes, opening)

    def best(self, objective: Objective, sizes: Sizes, opening: Opening) -> Engine[Any]:
        """The best one that starts, however long it takes to build. Raises as `quick` does."""
        return self._first(self._providers, objective, sizes, opening)

    def better_than(self, engine: Engine[Any]) -> list[Provider]:
        """Providers worth building while `engine` plays, best first."""
        better = better_than(engine.provider, self.platform.providers)
        return [provider for provider in better if provider.name not in self.refused]

    def open(
        self, provider: Provider, objective: Objective, sizes: Sizes, opening: Opening
    ) -> Engine[Any]:
        """The provider's engine with all sizes open, and its gradients found right (`selfcheck`).
        Raises as `quick` does."""
        with self._locks[provider.name]:
            try:
                return self._open(provider, objective, sizes, opening)
            except (UsageError, Cancelled):
                raise
            except LivedreamError as error:
                if self._closed:
                    raise Cancelled("Its layers are not wanted any more.") from error
                if isinstance(error, NotExported):  # no fault of the provider's
                    raise
                # One that plays already and lacks memory for a new size may go on as it is.
                if isinstance(error, WrongGradient) or provider.name not in self._engines:
                    self.refused.add(provider.name)
                raise
            except Exception as error:
                said = f"{provider.name} could not be opened: {reason(error)}."
                raise LivedreamError(said) from error

    def adopt(self, engine: Engine[Any]) -> None:
        """Take in one that was opened elsewhere."""
        self._engines[engine.provider.name] = self._origins[engine] = engine
        self._opened.add(engine)

    def refuse(self, provider: Provider) -> bool:
        """Not to try it again where there is another; whether there is."""
        others = {each.name for each in self._providers} - self.refused - {provider.name}
        if others:
            self.refused.add(provider.name)
        return bool(others)

    def let_go(self, playing: Engine[Any], sizes: Sizes) -> None:
        """End all sessions that `playing`, on octaves of `sizes`, does not need, but for those that
        a better provider has there."""
        needed = set(sizes(playing.minimum_size))
        origin = self._origins.get(playing)
        better = {each.name for each in self.better_than(playing)}
        for engine in list(self._opened):
            if engine is origin:
                continue
            if engine.provider.name in better:
                engine.keep(needed)
            else:
                self._forget(engine)
        playing.keep(needed)

    def close(self) -> None:
        """End all sessions for good; one that is being opened on a card ends when it is open."""
        self._closed = True
        for engine in [*self._opening, *self._opened]:
            engine.close()

    @property
    def _providers(self) -> list[Provider]:
        """Best first; of a graph file that was given, the ones that it was made for."""
        graph, providers = self.network.graph, list(self.platform.providers)
        return sorted(providers, key=lambda each: graph is not None and each.form != graph.form)

    def _usable(self, candidates: list[Provider]) -> list[Provider]:
        """Those that were not refused; where all were, there is nothing better than all."""
        return [each for each in candidates if each.name not in self.refused] or candidates

    def _best_prepared(self, sizes: Sizes) -> Engine[Any] | None:
        for provider in self.platform.providers:
            engine = self._engines.get(provider.name)
            if provider.name in self.refused or engine is None:
                continue
            if all(engine.prepared(*size) for size in sizes(engine.minimum_size)):
                return engine
        return None

    def _first(
        self, candidates: list[Provider], objective: Objective, sizes: Sizes, opening: Opening
    ) -> Engine[Any]:
        if not candidates:
            raise LivedreamError(
                'No provider that livedream knows is installed; `pip install "livedream[cpu]"`.'
            )
        candidates = list(self._usable(candidates))
        while True:
            provider = candidates.pop(0)
            try:
                return self.open(provider, objective, sizes, opening)
            except (UsageError, Cancelled):
                raise
            except LivedreamError as error:
                if isinstance(error, NotExported):  # Whoever has no graph yet would fail like it.
                    candidates = [
                        each for each in candidates if self.network.has_graph(objective, each)
                    ]
                if not candidates:
                    raise
                opening.say(f"{error} Trying {candidates[0].name}.")

    def _open(
        self, provider: Provider, objective: Objective, sizes: Sizes, opening: Opening
    ) -> Engine[Any]:
        known = self._engines.get(provider.name)
        engine, origin = self._begun(known, provider, objective, sizes, opening)
        wanted = list(sizes(engine.minimum_size))
        self._opening.add(origin)
        try:
            with engine.giving_way() if opening.patient else nullcontext():
                for number, (height, width) in enumerate(wanted):
                    if self._closed or (opening.cancel and opening.cancel.is_set()):
                        raise Cancelled("Its layers are not wanted any more.")
                    opening.progress(
                        f"opening {provider.name} at {width}x{height}", number / len(wanted)
                    )
                    if engine.prepared(height, width):
                        continue
                    engine.prepare(height, width, opening.background)
                    if worth_checking(provider, height, width, not known and number == 0):
                        check_engine(engine, height, width)
        except BaseException:
            if origin not in self._opened:
                origin.close()
            raise
        finally:
            self._opening.discard(origin)
        self._engines[provider.name] = engine
        self._opened.add(origin)
        self._origins[engine] = origin
        if self._closed:
            engine.close()
            raise Cancelled("Its layers are not wanted any more.")
        return engine

    def _begun(
        self,
        known: Engine[Any] | None,
        provider: Provider,
        objective: Objective,
        sizes: Sizes,
        opening: Opening,
    ) -> tuple[Engine[Any], Engine[Any]]:
        """The engine to open sizes of, and the one of `_opened` that it has its sessions from."""
        if known is None:
            engine = self._new(provider, objective, opening)
        elif (
            provider.on_card
            or not opening.background
            or all(known.prepared(*size) for size in sizes(known.minimum_size))
        ):
            return self._steered(known, objective), self._origins[known]
        else:
            # Its process plays, and can open nothing meanwhile.
            asked = self.network.request.precision
            engine = self.platform.engine(known.graph, provider, objective, asked)
        return engine, engine

    def _steered(self, known: Engine[Any], objective: Objective) -> Engine[Any]:
        engine = known.steered(objective)
        self._origins[engine] = self._origins[known]
        return engine

    def _forget(self, engine: Engine[Any]) -> None:
        self._opened.discard(engine)
        for name, each in list(self._engines.items()):
            if self._origins[each] is engine:
                del self._engines[name]
        for each, origin in list(self._origins.items()):
            if origin is engine:
                del self._origins[each]
        engine.close()

    def _new(self, provider: Provider, objective: Objective, opening: Opening) -> Engine[Any]:
        graph = self._graphs.get(provider.form) or self._graph_for(provider, objective, opening)
        return self.platform.engine(graph, provider, objective, self.network.request.precision)

    def _graph_for(self, provider: Provider, objective: Objective, opening: Opening) -> Graph:
        asked = self.network.request.precision
        if asked not in ("auto", *provider.precisions):
            raise UsageError(
                f"{provider.name} does not compute in {asked}; it offers "
                f"{', '.join(provider.precisions)}."
            )
        return self.network.graph_for(
            objective, provider, opening.progress, opening.background, opening.cancel
        )

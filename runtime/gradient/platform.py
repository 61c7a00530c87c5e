"""Where a dream is computed: a device, the providers that run on it, and engines for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..dream.cpu import CpuDevice
from ..dream.device import Device
from ..dream.dreamer import Dreamer
from .child import Spare
from .engine import Engine
from .graph import Graph
from .host import HostEngine
from .objective import Objective
from .providers import Provider


@dataclass(frozen=True)
class Recovery:
    """How the dream goes on after an error.

    size: (height, width) of the next pictures. platform: where they are dreamt. message: what a
    person should know.
    """

    size: tuple[int, int]
    platform: Platform
    message: str


class Platform(Protocol):
    """A processor or a graphics card.

    providers: to try, best first, as far as they can start. A slow one comes into play while a
    quicker one, further down, already dreams.
    """

    @property
    def device(self) -> Device[Any]: ...

    @property
    def providers(self) -> tuple[Provider, ...]: ...

    def engine(
        self, graph: Graph, provider: Provider, objective: Objective, precision: str = "auto"
    ) -> Engine[Any]:
        """Nothing is opened before its `prepare`. precision: as asked for, where the provider
        itself decides it; else the graph does."""
        ...

    def recover(self, error: Exception, dreamer: Dreamer[Any], size: tuple[int, int]) -> Recovery:
        """Have `dreamer`, which dreams here, go on with less after `error` in a frame of `size`,
        (height, width). Raises `error` where that would not help."""
        ...

    def warm(self) -> None:
        """Be ready to open another engine soon. From any thread; takes no time worth naming."""
        ...

    def close(self) -> None:
        """End what `warm` began, for good."""
        ...


@dataclass(frozen=True)
class Processor:
    """The machine itself; every machine has it. reopened: as of `HostEngine`."""

    providers: tuple[Provider, ...]
    device: CpuDevice = field(default_factory=CpuDevice)
    spare: Spare = field(default_factory=Spare)
    reopened: Callable[[str], None] | None = None

    def engine(
        self, graph: Graph, provider: Provider, objective: Objective, precision: str = "auto"
    ) -> HostEngine:
        return HostEngine(graph, provider, objective, spare=self.spare, reopened=self.reopened)

    def recover(self, error: Exception, dreamer: Dreamer[Any], size: tuple[int, int]) -> Recovery:
        """Raises `error`: there is nothing smaller to go on with."""
        raise error

    def warm(self) -> None:
        """Have a process wait for the next engine."""
        for provider in self.providers[:1]:
            self.spare.fill(provider)

    def close(self) -> None:
        self.spare.close()


def start_order(providers: Sequence[Provider]) -> list[Provider]:
    """Those that play within seconds, best first; the slow ones only where there are no others."""
    return [each for each in providers if not each.slow] or list(providers)


def better_than(provider: Provider, providers: Sequence[Provider]) -> list[Provider]:
    """The slow ones above `provider`, best first: worth building while it plays. Others above it
    did not start."""
    names = [each.name for each in providers]
    if provider.name not in names:
        return []
    return [each for each in providers[: names.index(provider.name)] if each.slow]

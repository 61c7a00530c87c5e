"""Where a switch stands: what plays, what is wanted, what lies between; and so what to do next.
Facts and questions. It takes no lock, starts nothing and ends nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from .ahead import Neighbours
from .coming import Coming
from .losses import Losses
from .making import Making
from .network import Network
from .objective import Objective
from .selection import Engines
from .wanted import Ready, Wanted

SHORT = 0.25
"""Seconds that other layers may take until octaves and size are changed without waiting for them:
a graph from the cache is there sooner, and opening both would take longer."""


class Job(Enum):
    """What there is to do, most urgent first."""

    END = auto()
    """What is retired."""
    OPEN = auto()
    """What `goal` is."""
    MAKE = auto()
    """The graph that is missing for what is wanted."""
    TIDY = auto()
    """What is open beside the engine that plays."""
    BUILD = auto()
    """For better providers than the one that plays."""
    WARM = auto()
    """The platform, for what may be asked next."""
    FORESEE = auto()
    """Open what will be wanted next."""
    EXPORT = auto()
    """The graph of a neighbouring layer."""


@dataclass
class Switch:
    """Whoever looks at several of its fields, or changes one, holds the lock of the Switcher.

    engines: of the one that plays. ahead: seconds of rest after which the neighbouring layers are
    exported; None for never, and then the platform is not kept warm either.
    """

    engines: Engines
    playing: Ready
    ahead: float | None = None
    wanted: Wanted = field(init=False)
    begun: Wanted | None = None
    """What is being opened."""
    ready: Ready | None = None
    """What waits to be taken, of `ready_engines`."""
    ready_engines: Engines = field(init=False)
    failed: tuple[Wanted, str] | None = None
    """What could not be had, and why."""
    making: Making | None = None
    foreseen: Wanted | None = None
    coming: Coming | None = None
    """What is foreseen, open or being opened."""
    retired: list[Engines] = field(default_factory=list)
    """What no longer plays, and is to be ended."""
    replaced: bool = False
    """Whether something may be open beside the engine that plays."""
    improving: bool = False
    """Whether to build for better providers."""
    warm: bool = field(init=False)
    lost: bool = False
    """Whether what plays has lost its sessions."""
    losses: Losses = field(default_factory=Losses)
    neighbours: Neighbours = field(init=False)

    def __post_init__(self) -> None:
        self.wanted, self.ready_engines = self.playing.wanted, self.engines
        self.warm = self.ahead is None
        self.neighbours = Neighbours(self.network)

    @property
    def network(self) -> Network:
        return self.engines.network

    @property
    def outdated(self) -> bool:
        """Whether something else is wanted than plays or waits to be taken."""
        return self.ready is None and self.wanted != self.playing.wanted

    def job(self, rested: bool) -> Job | None:
        """What to do now; None while there is nothing, which may change with `patience`. rested:
        whether nothing has changed for that long."""
        if self.retired:
            return Job.END
        if self.goal():
            return Job.OPEN
        if self.lacks_graph():
            return Job.MAKE
        busy = self.outdated or self.lost
        if self.ready is None:  # Else it would end with the rest, or gives way to better ones.
            if self.replaced:
                return Job.TIDY
            if self.improving and not busy:
                return Job.BUILD
            if not self.warm:
                return Job.WARM
        if self.lacks_coming():
            return Job.FORESEE
        return Job.EXPORT if rested and not busy and self.neighbour() else None

    def patience(self) -> float | None:
        """Seconds until there may be something to do though nothing changed; None for never."""
        if self.lost:
            return self.losses.pause
        making = self.making
        if making and (left := making.since + SHORT - time.monotonic()) > 0:
            return left
        return self.ahead

    def goal(self) -> Wanted | None:
        """What to open now; None where nothing is to be, or the graph is missing."""
        if self.ready:
            return None
        wanted, playing, making = self.wanted, self.playing, self.making
        lost = self.lost and not self.losses.pause
        if self.engines.covers(wanted.objective):
            return wanted if lost or wanted != playing.wanted else None
        if making and making.made and not making.cancel.is_set():
            return wanted
        held = replace(wanted, objective=playing.engine.objective)
        long = making and time.monotonic() - making.since >= SHORT
        return held if lost or (long and not held.same_sizes(playing.wanted)) else None

    def lacks_graph(self) -> bool:
        """Whether a graph is to be made."""
        if self.making or not self.outdated:
            return False
        return not self.engines.covers(self.wanted.objective)

    def lacks_coming(self) -> bool:
        """Whether what is foreseen is to be opened."""
        foreseen, idle = self.foreseen, not (self.lost or self.ready or self.outdated)
        if foreseen is None or self.coming or not idle:
            return False
        return not self.engines.has(foreseen.objective, foreseen.sizes)

    def neighbour(self) -> Objective | None:
        """The layer to export now, behind everything else; None for none, or never."""
        if self.ahead is None:
            return None
        return self.neighbours.next(self.playing.wanted.objective)

    def useful(self, opened: Wanted) -> bool:
        """Whether what is open, or being opened, for `opened` brings nearer what is wanted."""
        wanted = self.wanted
        meanwhile = opened.same_graph(self.playing.wanted, self.network)
        if meanwhile and not self.engines.covers(wanted.objective):
            return wanted.same_sizes(opened)
        return wanted.alike(opened, self.network)

    def steered(self, ready: Ready) -> Ready:
        """One that is useful, its engine steered to what is wanted where it can be."""
        wanted = self.wanted
        if not wanted.same_graph(ready.wanted, self.network):
            return ready
        if wanted.objective != ready.engine.objective:
            ready.engine.steer(wanted.objective)
        return Ready(ready.engine, wanted)

    def retire(self, engines: Engines) -> None:
        """Have ended what `engines` opened and does not play."""
        if engines is self.engines:
            self.replaced = True
        else:
            self.retired.append(engines)

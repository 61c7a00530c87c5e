"""How what runs follows what is wanted: at once, or in the background where it takes a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic
from typing import Any, NamedTuple

from ..control.desk import Desk
from ..control.moment import State
from ..declared import Value
from ..dream.dreamer import Dreamer
from ..dream.values import Dream
from ..gradient.objective import Objective, guided, unguided
from ..gradient.platform import Recovery
from ..gradient.switching import Switcher
from ..gradient.wanted import Ready, Wanted
from ..scaling import fit, parse_size
from .climbing import Climbing

FORESEES = 0.5
"""Seconds between two looks at what comes next."""


def playing(dreamer: Dreamer[Any], size: tuple[int, int]) -> Ready:
    """What `dreamer` plays, on pictures of `size`, (height, width)."""
    engine, dream = dreamer.engine, dreamer.dream
    return Ready(engine, Wanted(engine.objective, dream.octaves, dream.octave_scale, size))


class Following:
    """Brings what the desk says into a dreamer, frame by frame, in the thread that dreams.

    What needs no session holds with the frame at hand. The rest is asked of the switcher; until it
    is ready the dream goes on with what is open, and where it cannot be had the desk goes back to
    that. size: (height, width) that the dreamer is open for. notify: hears what a person should
    know. coming: values that will be said next, as far as known.
    """

    def __init__(
        self,
        dreamer: Dreamer[Any],
        switcher: Switcher,
        desk: Desk,
        size: tuple[int, int],
        notify: Callable[[str], None],
        coming: Callable[[], Mapping[str, Value]] = dict,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._coming, self._foreseen = coming, -FORESEES
        self._dreamer = dreamer
        self._switcher = switcher
        self._desk = desk
        self._notify = notify
        self._runs = playing(dreamer, size).wanted
        self._box = str(desk.base["size"])
        """What pictures are fitted into; the size that runs came of it."""
        self._asked: _Asked | None = None
        self._refused: _Needs | None = None
        self._kept: tuple[bool, bool] | None = None
        self.share = 1.0
        """Of the sides of the picture that is wanted, what shall be dreamt."""
        self._shared = 1.0
        """That of what runs."""
        self._climbing, self._climbs = Climbing(clock), False

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) to dream the frame at hand at."""
        return self._runs.size

    @property
    def settled(self) -> bool:
        """Whether nothing that is wanted is still being opened."""
        return self._asked is None

    def follow(self, state: State, height: int, width: int) -> None:
        """For the next frame, a picture of height x width pixels."""
        self._take()
        self._steer(state)
        if not self._refusal():  # Else `state` still says what has just been refused.
            self._ask(state, height, width)
        self._foresee(height, width)
        self._dreamer.dream = self._open_for(state)
        kept = bool(state["mirror"]), state.live
        if again := self._climbing.due(self._desk.base):
            self._desk.fade(again, "show", 0)  # Opened in the background; back without room.
            self._climbs = True
        if self._desk.take("reset") or kept != self._kept:
            self._dreamer.reset()  # What grew until now has no place in the next picture.
            self._kept = kept

    def meanwhile(self, time: float) -> Dream:
        """What the frame at hand is dreamt with from now on: what has been said since for `time`,
        as far as it can still hold."""
        camera = self._dreamer.dream.camera
        return replace(self._open_for(self._desk.at(time)), camera=camera)

    def recovered(self, recovery: Recovery) -> None:
        """The dreamer goes on with less than was wanted; the desk shall say so."""
        dreamer = self._dreamer
        height, width = recovery.size
        if recovery.size != self._runs.size:
            self._box, self._shared = f"{width}x{height}", 1.0
        ready, card = playing(dreamer, recovery.size), self._switcher.platform
        self._runs = ready.wanted
        self._switcher.step_down(ready, recovery.platform)
        self._asked = None
        self._stay(climbs=recovery.platform is card)
        self._notify(recovery.message)

    def _open_for(self, state: State) -> Dream:
        """What `state` asks for, on the octaves that are open."""
        runs = self._runs
        return replace(state.dream, octaves=runs.octaves, octave_scale=runs.octave_scale)

    def _take(self) -> None:
        ready = self._switcher.take()
        if ready:
            asked = self._asked
            if asked and ready.wanted.same_sizes(asked.wanted):
                self._box, self._shared = asked.box, asked.share
                if ready.wanted == asked.wanted:
                    self._asked, self._climbs = None, False
            self._dreamer.engine, self._runs = ready.engine, ready.wanted

    def _refusal(self) -> bool:
        """Whether what was asked for cannot be had: the desk goes back to what runs."""
        failed = self._switcher.failed()
        if not failed:
            return False
        self._notify(failed[1])
        asked, self._asked = self._asked, None
        if self._climbs:
            self._stay(climbs=True)
        elif asked and asked.share != self._shared:
            self.share = self._shared  # Nobody but the machine wanted it.
        elif not self._go_back() and asked:
            # It was the camera that changed: asked again, it would fail again.
            self._refused = asked.needs
        return True

    def _steer(self, state: State) -> None:
        engine, objective = self._dreamer.engine, self._objective(state)
        if objective != engine.objective and self._covers(objective):
            engine.steer(objective)

    def _ask(self, state: State, height: int, width: int) -> None:
        objective = self._desk.base.objective  # The end of a morph, which is steered on the way.
        wanted, box = self._wanted(state, objective, height, width), str(state["size"])
        needs = _needs(wanted, self._covers(objective))
        if needs == _needs(self._runs, True):
            self._shared = self.share  # Where it is as small as it can be, less of it is the same.
            if self._asked:
                self._switcher.want(wanted)  # Calls off what was asked for since.
            self._asked = None
        elif needs != self._refused and (self._asked is None or needs != self._asked.needs):
            self._asked, self._refused = _Asked(wanted, needs, box, self.share), None
            self._switcher.want(wanted)

    def _foresee(self, height: int, width: int) -> None:
        """Have opened what comes next, where something does and is not open."""
        now = time.monotonic()
        if now - self._foreseen < FORESEES:
            return
        self._foreseen, values = now, self._coming()
        if not values:
            self._switcher.foresee(None)
            return
        state = self._desk.after(values)
        self._switcher.foresee(self._wanted(state, state.objective, height, width))

    def _wanted(self, state: State, objective: Objective, height: int, width: int) -> Wanted:
        """What `state` asks for, for pictures of height x width pixels."""
        box = str(state["size"])
        wide, high = fit(width, height, parse_size(box))
        least = self._dreamer.engine.minimum_size / min(wide, high)
        share = min(max(self.share, least), 1.0)
        size = round(high * share), round(wide * share)
        same = (box, self.share) == (self._box, self._shared)
        if same and _alike(size, self._runs.size):
            size = self._runs.size
        return Wanted(objective, int(state["octaves"]), float(state["octave_scale"]), size)

    def _objective(self, state: State) -> Objective:
        """What to climb: a morph, or where the graph does not hold both ends what it leads to."""
        guides = self._dreamer.engine.graph.guides
        objective = state.objective
        if not self._covers(objective):
            objective = self._desk.base.objective
        return guided(objective, float(state["guide"]), len(guides.photos) if guides else 0)

    def _covers(self, objective: Objective) -> bool:
        return set(objective.taps) <= set(self._dreamer.engine.graph.layers)

    def _stay(self, *, climbs: bool) -> None:
        """Have the desk say what runs. climbs: and try later what it said."""
        names = ("octaves", "octave_scale", "size")
        before = {name: self._desk.base[name] for name in names}
        self._climbs = False
        if self._go_back() and climbs:
            after = {name: self._desk.base[name] for name in names}
            self._climbing.stepped_down(before, after)

    def _go_back(self) -> bool:
        """Have the desk say what runs where it says what cannot be had; whether that changed it."""
        base, runs = self._desk.base, self._runs
        back = {"octaves": runs.octaves, "octave_scale": runs.octave_scale, "size": self._box}
        if not self._covers(base.objective):
            back["layers"] = str(unguided(self._dreamer.engine.objective))
        self._desk.fade(back, "show", 0)
        return any(base[name] != value for name, value in back.items())


class _Needs(NamedTuple):
    """What sessions are opened for. layers: those that the graph that runs does not tap."""

    octaves: int
    octave_scale: float
    size: tuple[int, int]
    layers: frozenset[str]


class _Asked(NamedTuple):
    wanted: Wanted
    needs: _Needs
    box: str
    share: float


def _needs(wanted: Wanted, covered: bool) -> _Needs:
    layers = frozenset(() if covered else wanted.objective.taps)
    return _Needs(wanted.octaves, wanted.octave_scale, wanted.size, layers)


def _alike(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes differ by no more than rounding."""
    return all(abs(one - two) <= 1 for one, two in zip(size, other, strict=True))

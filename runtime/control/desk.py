"""What is being played: every surface says values to the desk, and the show reads them from it."""

from __future__ import annotations

import math
import threading
import time as clocks
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from ..declared import Parameter, Value
from ..errors import UsageError, nearest
from .fade import Fade
from .links import links
from .modulation import Modulation, Moves, modulated
from .moment import State, Values
from .parameters import CAMERA, parameters
from .tempo import Tempo

Observer = Callable[[str, Value, str], None]
"""Hears (name, value, source): what was said, after clamping, and by whom."""

Deed = Callable[[Value, str, float | None], None]
"""Does what a name asks for: (value, source, seconds), each time that it is said."""


class Desk:
    """The values of all parameters, moved from any thread and read by the show once a frame.

    What is said is clamped, never refused for its size. Reading takes no lock: whatever is said
    makes a new table that takes the place of the old one. Observers are called outside of all
    locks, one change after the other, in a thread of those who speak; where they are slow they
    hear the newest value of each parameter. They must not raise.

    layers: of the network, name -> channels. values: to begin with, beside the defaults. sources:
    the names of those that may be played. clock: seconds, for the moment at which something is
    said.
    """

    def __init__(
        self,
        layers: Mapping[str, int],
        values: Mapping[str, object],
        *,
        sources: Sequence[str] = (CAMERA,),
        clock: Callable[[], float] = clocks.monotonic,
    ) -> None:
        self.parameters = parameters(layers, sources)
        self._links = links(layers)
        self._clock = clock
        self._lock = threading.Lock()
        self._fired: set[str] = set()
        self._moves = Moves()
        self.tempo = Tempo()
        """The beats that modulations follow; whoever knows better puts another one here."""
        self.heard: Mapping[str, float] = {}
        """By the names of SOUNDS, where somebody listens."""
        self._observers: tuple[Observer, ...] = ()
        self._deeds: Mapping[str, Deed] = {}
        self._news: dict[str, tuple[Value, str]] = {}
        self._telling = False
        begin = {each.name: each.default for each in self.parameters.values()}
        begin = {
            **begin,
            "layers": next(iter(layers)),
            **self._views({"layers": next(iter(layers))}),
        }
        self._base: Values = {
            name: value for name, value in begin.items() if self.parameters[name].kind != "trigger"
        }
        self._said: Mapping[str, Fade] = {
            name: Fade(value, value, 0.0, 0.0)
            for name, value in self._base.items()
            if not self._is_view(name)
        }
        self._standing: tuple[Mapping[str, Fade], float, Values] = {}, 0.0, {}
        """What was said, from when on nothing of it is on its way, and where it goes."""
        self.fade(values, "start", 0.0)

    def at(self, time: float) -> State:
        """All values at `time`, seconds of the desk's clock: a pure function of what was said."""
        acting, values = self._moves.weighed(time), self._unmoved(time)
        moment = time + float(values["offset"]) / 1000
        beats = self.tempo.beats(moment)
        for name in {each.name for each, _ in acting}:
            values[name] = modulated(
                self.parameters[name], values[name], acting, moment, beats, self.heard
            )
        return State(values | self._views(values))

    def unmoved(self, time: float) -> State:
        """All values at `time` without modulation: what is faded, on its way."""
        values = self._unmoved(time)
        return State(values | self._views(values))

    @property
    def base(self) -> State:
        """What was said last: the ends of all fades, without modulation."""
        return State(self._base)

    def after(self, values: Mapping[str, object]) -> State:
        """What `base` would be, were `values` said; nothing changes. Raises as `set` does."""
        written, _ = self._resolved(values)
        return State({**self._base, **written})

    def set(self, name: str, value: object, source: str, seconds: float | None = None) -> None:
        """Bring `name` to `value` in `seconds`; None is the parameter's own smoothing.

        A trigger fires at anything but 0. Raises UsageError for a name or a value that there is
        not.
        """
        self.fade({name: value}, source, seconds)

    def compare_and_set(self, name: str, said: Value, value: object, source: str) -> bool:
        """Set `name` if `said` is still what was said of it last. Returns whether it was. Raises
        as `set` does."""
        return self._say(lambda base: {name: value} if base[name] == said else {}, source, None)

    def nudge(self, name: str, direction: float, source: str, seconds: float | None = None) -> None:
        """Move `name` by its step, up (direction 1) or down (-1); turn a toggle over, go to the
        next choice, fire a trigger. Raises UsageError for an unknown name."""
        parameter = self.parameter(name)
        self._say(
            lambda base: {name: parameter.moved(base.get(name, False), direction)}, source, seconds
        )

    def fade(
        self,
        values: Mapping[str, object],
        source: str,
        seconds: float | None = None,
        begin: float | None = None,
    ) -> None:
        """Bring all of `values` to where they are said to go, at once for whoever reads: all of
        them or, where one cannot be, none. begin: seconds of the desk's clock; now, where none is
        said. Raises as `set` does."""
        self._say(lambda base: values, source, seconds, begin)

    def modulate(
        self,
        modulations: Iterable[Modulation],
        seconds: float = 0.0,
        begin: float | None = None,
    ) -> None:
        """In `seconds` from `begin` on these and no others move values around their bases.

        Raises UsageError for a parameter that is no number or cannot change from frame to frame.
        """
        modulations = tuple(modulations)
        for each in modulations:
            parameter = self.parameter(each.name)
            if (
                parameter.kind != "number"
                or parameter.cost == "prepared"
                or parameter.group == "play"
                or self._is_view(each.name)
            ):
                raise UsageError(f"{parameter.label} does not change from frame to frame.")
        with self._lock:
            if begin is None:
                begin = self._clock() if seconds else -math.inf
            self._moves = Moves(self._moves.after, modulations, begin, seconds)

    @property
    def modulations(self) -> tuple[Modulation, ...]:
        """Those that move values, once those that go are gone."""
        return self._moves.after

    def take(self, name: str) -> bool:
        """Whether the trigger `name` fired since this was last asked: told once."""
        if name not in self._fired:
            return False
        with self._lock:
            fired = name in self._fired
            self._fired.discard(name)
            return fired

    def observe(self, observer: Observer) -> Callable[[], None]:
        """From now on `observer` hears every change; the function returned ends that."""
        with self._lock:
            self._observers = (*self._observers, observer)

        def forget() -> None:
            with self._lock:
                self._observers = tuple(each for each in self._observers if each != observer)

        return forget

    def on(self, name: str, deed: Deed) -> None:
        """From now on `deed` is called each time that somebody says `name`, be the value new or
        not, in the thread of those who speak and outside of all locks: it may say values itself.
        What takes the seconds that were said is the deed. It must not raise."""
        self.parameter(name)
        with self._lock:
            self._deeds = {**self._deeds, name: deed}

    def cut(self) -> None:
        """Everything is now where it was going."""
        with self._lock:
            self._said = {
                name: Fade(each.target, each.target, 0.0, 0.0) for name, each in self._said.items()
            }
            self._moves = Moves(after=self._moves.after)

    def fading(self, time: float) -> bool:
        """Whether anything is on its way at `time`."""
        return any(
            each.start != each.target and time < each.time + each.seconds
            for each in self._said.values()
        )

    def parameter(self, name: str) -> Parameter:
        """The declaration of `name`. Raises UsageError, with the nearest names, where none is."""
        if name not in self.parameters:
            names = nearest(name, self.parameters)
            raise UsageError(f"There is no parameter '{name}'; nearest: {names}.")
        return self.parameters[name]

    def _unmoved(self, time: float) -> dict[str, Value]:
        said, (standing, begun, values) = self._said, self._standing
        if said is not standing:  # It is asked many times a picture, and seldom moved.
            begun = max(each.end for each in said.values())
            values = {name: each.target for name, each in said.items()}
            self._standing = said, begun, values
        if time >= begun:
            return dict(values)
        return {name: each.at(self.parameters[name], time) for name, each in said.items()}

    def forbid(self, name: str, choice: str) -> None:
        """Takes one of the choices of `name` away, for good and for every surface."""
        parameter = self.parameter(name)
        left = tuple(each for each in parameter.choices if each != choice)
        self.parameters[name] = replace(parameter, choices=left)

    def _say(
        self,
        wanted: Callable[[Values], Mapping[str, object]],
        source: str,
        seconds: float | None,
        begin: float | None = None,
    ) -> bool:
        """Say what `wanted` makes of what stands. Returns whether that is anything."""
        with self._lock:
            base, deeds = self._base, self._deeds
            time = self._clock() if begin is None else begin
            way = partial(self._way, seconds=seconds, time=time, waits=begin is not None)
            written, fired = self._resolved(wanted(base))
            asked = {
                deeds[name]: value
                for name, value in (written | dict.fromkeys(fired, True)).items()
                if name in deeds
            }
            moved = {name: way(name, value) for name, value in written.items()}
            self._said = {**self._said, **moved}
            self._base = {
                **base,
                **written,
                **(self._views(written) if "layers" in written else {}),
            }
            self._fired.update(name for name in fired if name not in deeds)
            news = {name: value for name, value in self._base.items() if value != base[name]}
            for name, value in (news | dict.fromkeys(fired, True)).items():
                self._news.pop(name, None)  # To the end: in the order in which they were said.
                self._news[name] = value, source
        self._tell()
        for deed, value in asked.items():
            deed(value, source, seconds)
        return bool(written or fired)

    def _resolved(self, wanted: Mapping[str, object]) -> tuple[dict[str, Value], list[str]]:
        """The values that are written, views resolved, and the triggers that fire."""
        written: dict[str, Value] = {}
        fired = []
        # What stands for several comes first, so that what is said of one of them holds.
        for name in sorted(wanted, key=lambda name: name not in self._links):
            parameter = self.parameter(name)
            value = parameter.clamp(wanted[name])
            if parameter.kind == "trigger":
                fired += [name] if value else []
            elif name in self._links:
                written |= self._links[name].write(value, {**self._base, **written})
            else:
                written[name] = value
        return written, fired

    def _way(
        self, name: str, target: Value, seconds: float | None, time: float, waits: bool
    ) -> Fade:
        said, parameter = self._said[name], self.parameters[name]
        if target == said.target and seconds is None:
            return said  # Said again and again it still arrives in time.
        duration = parameter.smoothing if seconds is None else seconds
        if name in self._deeds:
            duration = 0.0  # They are for what the deed does.
        return Fade(target, said.at(parameter, time), time, duration, waits)

    def _tell(self) -> None:
        """Hand out the news in order. Who comes while another does leaves it to that one."""
        while True:
            with self._lock:
                if self._telling or not self._news:
                    return
                self._telling = True
                name = next(iter(self._news))
                value, source = self._news.pop(name)
                observers = self._observers
            try:
                for observer in observers:
                    observer(name, value, source)
            finally:
                self._telling = False

    def _is_view(self, name: str) -> bool:
        return name in self._links and self._links[name].read is not None

    def _views(self, values: Values) -> dict[str, Value]:
        """Of the stored `values`, what is seen of them by other names."""
        return {name: each.read(values) for name, each in self._links.items() if each.read}

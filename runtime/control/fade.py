"""The way of one value to where it was said to go."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..declared import Parameter, Value


@dataclass(frozen=True, slots=True)
class Fade:
    """The way to a value: from `start`, begun at `time`, in `seconds`; waits: not before."""

    target: Value
    start: Value
    time: float
    seconds: float
    waits: bool = False

    @property
    def end(self) -> float:
        """The time from which on it stands."""
        return -math.inf if self.start == self.target else self.time + max(self.seconds, 0.0)

    def at(self, parameter: Parameter, time: float) -> Value:
        if self.waits and time < self.time:
            return self.start
        share = (time - self.time) / self.seconds if self.seconds > 0 else 1.0
        if share >= 1 or self.start == self.target:
            return self.target
        share = max(share, 0.0)
        if parameter.blend:
            return parameter.blend(str(self.start), str(self.target), share)
        if parameter.kind != "number" or parameter.cost == "prepared":
            return self.target  # No way between: what plays changes once.
        start = parameter.share(self.start)
        place = start + share * (parameter.share(self.target) - start)
        return parameter.at_share(place) if share else self.start

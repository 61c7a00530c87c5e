"""How often is looked, and what of a look goes wrong."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.frame import Frame
from livedream.runtime.live import lookout as module
from livedream.runtime.live.lookout import Lookout
from livedream.runtime.stats import Stats


class Looks(Lookout):
    """Of which each takes as long as it is told, by a clock that needs no waiting."""

    def __init__(self, times: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.begun, self.told = 500.0, [], []
        self.times = times
        super().__init__("look", 5.0, "No look", Stats(), self.told.append)
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        self._stopping.wait = self.wait
        self.put()

    def put(self) -> None:
        """Frames come with the times of a clock that has nothing to do with this one."""
        self.frames.put(Frame(np.zeros((2, 2, 3), np.uint8), 9e9, 0))

    def look(self, frame: Frame) -> None:
        self.begun.append(self.now)
        self.now += self.times.pop(0)
        if not self.times:
            self._stopping.set()
        if len(self.times) == 1:
            raise ValueError("odd")

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now += timeout
        self.put()
        return self._stopping.is_set()


def test_the_pace_holds_by_our_own_clock_and_a_look_that_takes_long_is_not_waited_for(monkeypatch):
    looks = Looks([0.05, 0.0, 0.7, 0.1, 0.1], monkeypatch)
    looks.run()
    assert np.diff(looks.begun) == pytest.approx([0.2, 0.2, 0.7, 0.2])
    assert looks.told == ["No look: odd"]
    assert looks._stats.report()["stages_ms"]["look"]["count"] == 5

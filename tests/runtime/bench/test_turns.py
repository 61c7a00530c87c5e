"""Two things in turns; the clock is made of numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from livedream.runtime.bench.turns import Pairs, alternate


class Turns:
    """Notes who is asked, and takes a second each time."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.order = ""
        self.now = 0.0
        self.interrupt_after = interrupt_after

    def of(self, name: str) -> Callable[[], float]:
        def run() -> float:
            if len(self.order) == self.interrupt_after:
                raise KeyboardInterrupt
            self.order += name
            self.now += 1
            return float(len(self.order))

        return run

    def run(self, seconds: float, most: int = 60) -> Pairs:
        return alternate(self.of("a"), self.of("b"), seconds, most, clock=lambda: self.now)


def test_turns_alternate_who_is_first():
    turns = Turns()
    pairs = turns.run(7)
    assert turns.order == "abbaabba"
    assert pairs == Pairs([1, 4, 5, 8], [2, 3, 6, 7], "time")


def test_enough_pairs_end_it():
    assert Turns().run(100, most=3) == Pairs([1, 4, 5], [2, 3, 6], "pairs")


def test_something_slow_still_makes_two_pairs():
    assert Turns().run(0.1) == Pairs([1, 4], [2, 3], "time")


def test_ctrl_c_keeps_whole_pairs():
    assert Turns(interrupt_after=5).run(100) == Pairs([1, 4], [2, 3], "interrupted")
    with pytest.raises(KeyboardInterrupt):
        Turns(interrupt_after=3).run(100)

"""When a measurement ends, and what is kept of it; the clock is made of numbers."""

from __future__ import annotations

import pytest

from livedream.runtime.bench.sampling import collect


class Work:
    """Takes the given seconds, one after the other, the last for ever; time passes with it."""

    def __init__(self, *seconds: float, interrupt_after: int | None = None) -> None:
        self.seconds = list(seconds)
        self.now = 0.0
        self.runs = 0
        self.interrupt_after = interrupt_after

    def __call__(self) -> float:
        if self.runs == self.interrupt_after:
            raise KeyboardInterrupt
        self.runs += 1
        took = self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        self.now += took
        return took


def test_enough_samples_end_it():
    work = Work(9.0, 4.0, 0.01)
    done = collect(work, 1000, clock=lambda: work.now)
    assert (done.ended, done.stable, len(done.samples)) == ("samples", True, 662)
    assert max(done.samples) == 0.01
    assert done.warmup == 2
    assert done.seconds == pytest.approx(work.now)


def test_time_ends_it():
    work = Work(0.5)
    done = collect(work, 10, clock=lambda: work.now)
    assert (done.ended, done.stable, len(done.samples)) == ("time", True, 20)


def test_what_never_gets_steady_says_so_and_keeps_its_second_half():
    work = Work(*(100 * 0.8**n for n in range(60)))
    done = collect(work, 480, clock=lambda: work.now)
    assert not done.stable
    assert done.ended == "time"
    assert done.warmup == work.runs // 2
    assert max(done.samples) < 100 * 0.8 ** (done.warmup - 1)


def test_a_level_that_changes_later_is_not_steady_either():
    work = Work(*[2.0] * 30, 1.0)
    done = collect(work, 90, clock=lambda: work.now)
    assert done.warmup == 0
    assert not done.stable


def test_something_slower_than_the_time_given_still_runs_twice():
    work = Work(50.0)
    done = collect(work, 1, clock=lambda: work.now)
    assert work.runs == 2
    assert done.samples == [50.0]


def test_ctrl_c_keeps_what_there_is():
    work = Work(0.1, interrupt_after=30)
    done = collect(work, 1000, clock=lambda: work.now)
    assert (done.ended, len(done.samples)) == ("interrupted", 30)
    with pytest.raises(KeyboardInterrupt):
        collect(Work(0.1, interrupt_after=0), 1000)

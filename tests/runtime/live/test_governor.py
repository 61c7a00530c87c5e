"""When less is dreamt, and when more again: a machine that is played, by given clocks."""

from __future__ import annotations

from itertools import pairwise

from livedream.runtime.live.governor import EARLY, FINER, LADDER, LATE, Governor

HOLD = 15.0


class Machine:
    """Dreams at most `camera` times a second, each at the rung's cost times `slow` seconds."""

    def __init__(self, camera: float = 30.0) -> None:
        self.governor, self.now, self.camera = Governor(), 0.0, camera
        self.changes: list[tuple[float, int]] = []

    def runs(self, seconds: float, slow: float, hold: float = HOLD, settled: bool = True) -> int:
        """The rung at the end."""
        end = self.now + seconds
        while self.now < end:
            took = slow * self.governor.rung.cost
            self.now += max(took, 1 / self.camera)
            if self.governor.dreamt(self.now, took, hold, settled):
                self.changes.append((self.now, LADDER.index(self.governor.rung)))
        return LADDER.index(self.governor.rung)


def test_a_machine_that_has_time_dreams_all():
    assert Machine().runs(60, slow=0.04) == 0


def test_a_slow_machine_goes_down_until_the_rate_is_held():
    machine = Machine()
    assert machine.runs(20, slow=0.09) == 1
    assert Machine().runs(20, slow=0.15) == 2
    assert Machine().runs(20, slow=1.0) == len(LADDER) - 1
    assert LATE <= machine.changes[0][0] <= 2 * LATE


def test_one_slow_dream_changes_nothing():
    machine = Machine()
    machine.runs(5, slow=0.04)
    machine.runs(0.01, slow=0.5)
    machine.runs(5, slow=0.04)
    assert machine.changes == []


def test_after_a_load_has_passed_all_is_dreamt_again_but_not_at_once():
    machine = Machine()
    machine.runs(10, slow=0.04)
    assert machine.runs(10, slow=0.1) == 1
    passed = machine.now
    assert machine.runs(15, slow=0.04) == 0
    assert machine.changes[-1][0] - passed >= EARLY


def test_where_more_is_too_much_it_is_tried_ever_more_rarely():
    """The other rung costs less than is thought: at 0 the machine is always late."""
    machine = Machine()
    for _ in range(3000):
        took = 0.07 if machine.governor.rung == LADDER[0] else 0.03
        machine.now += took
        if machine.governor.dreamt(machine.now, took, HOLD):
            machine.changes.append((machine.now, LADDER.index(machine.governor.rung)))
    tried = [at for at, rung in machine.changes if rung == 0]
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert len(tried) <= 6
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]


def test_while_sessions_open_nothing_is_decided():
    machine = Machine()
    assert machine.runs(30, slow=1.0, settled=False) == 0
    assert machine.runs(10, slow=1.0) > 0


def test_who_holds_no_rate_has_all_dreamt():
    machine = Machine()
    assert machine.runs(10, slow=1.0) > 0
    assert machine.governor.dreamt(machine.now, 1.0, 0.0)
    assert machine.governor.rung == LADDER[0]
    assert not machine.governor.dreamt(machine.now, 1.0, 0.0)


def test_what_is_refused_is_not_asked_for_again():
    machine = Machine()
    machine.runs(3, slow=1.0)
    machine.governor.refused()
    at = LADDER.index(machine.governor.rung)
    assert machine.runs(30, slow=1.0) == at


def test_a_rung_says_what_it_does():
    assert [str(rung) for rung in LADDER[:3]] == [
        "all as asked",
        "octaves in turn",
        "octaves in turn, 80% size",
    ]


def test_with_time_to_spare_a_dream_has_finer_windows_where_they_are_wanted():
    governor, now = Governor(), 0.0
    for slow, expected in ((0.02, FINER), (0.05, LADDER[0]), (0.02, FINER)):
        for _ in range(600):
            now += 1 / 30
            governor.dreamt(now, slow * governor.rung.cost, HOLD, finer=True)
        assert governor.rung == expected
    assert governor.dreamt(now, 0.04, HOLD, finer=False)
    assert governor.rung == LADDER[0]
    assert governor.dreamt(now, 0.04, 0, finer=True)
    assert governor.rung == FINER
    assert str(FINER) == "finer windows"

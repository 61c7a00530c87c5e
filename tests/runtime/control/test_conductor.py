"""Taps, nudges and clocks outside, and whose beat it is."""

from __future__ import annotations

import pytest

from livedream.runtime.control.conductor import Conductor
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.tempo import Tempo


class Stage:
    def __init__(self) -> None:
        self.now = 10.0
        self.desk = Desk({"a": 4}, {}, clock=lambda: self.now)
        self.said: list[str] = []
        self.conductor = Conductor(self.desk, self.said.append, clock=lambda: self.now)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_taps_halve_double_and_nudge_move_the_beat(stage):
    for time in (20.0, 20.5, 21.0, 21.5):
        stage.now = time
        stage.desk.set("tap", 1, "key")
    assert stage.desk.base["tempo"] == 120
    assert stage.said == ["120 beats a minute"] * 3  # One tap tells none.
    assert stage.desk.tempo.beats(21.5) == pytest.approx(3)
    stage.desk.set("halve", 1, "key")
    assert (stage.desk.base["tempo"], stage.desk.tempo.bpm) == (60, 60)
    assert stage.desk.tempo.beats(21.5) == pytest.approx(3)
    stage.desk.set("double", 1, "key")
    stage.desk.set("later", 1, "key")
    assert stage.desk.tempo.when(3) == pytest.approx(21.51)
    stage.desk.set("earlier", 1, "key")
    assert stage.desk.tempo.when(3) == pytest.approx(21.5)


def test_a_clock_outside_leads_as_long_as_it_is_heard(stage):
    stage.now = 20.0
    stage.conductor.lead("Pads", Tempo(100, 20, 4))
    stage.conductor.lead("Link", Tempo(150, 20, 4))
    assert (stage.desk.base["tempo"], stage.desk.tempo.bpm) == (100, 100)
    stage.desk.set("tap", 1, "key")
    stage.desk.set("tempo", 80, "key")
    assert stage.desk.tempo == Tempo(100, 20, 4)
    assert "that of Pads" in stage.said[-1]
    stage.conductor.lead("Pads", Tempo(100, 20, 4))
    assert stage.desk.base["tempo"] == 100
    stage.now = 22.5
    stage.conductor.lead("Link", Tempo(150, 22.5, 4))
    assert stage.desk.base["tempo"] == 150
    stage.now = 25.0
    stage.desk.set("tempo", 80, "key")
    assert stage.desk.tempo.bpm == 80


def test_beats_of_a_clock_outside_stay_halved_doubled_and_nudged(stage):
    stage.now = 20.0
    stage.conductor.lead("Link", Tempo(100, 20, 8))
    stage.desk.set("halve", 1, "key")
    assert stage.desk.base["tempo"] == 50
    stage.desk.set("later", 1, "key")
    stage.conductor.lead("Link", Tempo(100, 20, 8))
    assert stage.desk.tempo.bpm == 50
    assert stage.desk.tempo.when(4) == pytest.approx(20.01)
    for _ in range(9):
        stage.desk.set("double", 1, "key")
    assert stage.desk.base["tempo"] == 400
    stage.desk.set("halve", 1, "key")
    stage.conductor.lead("Link", Tempo(100, 20, 8))
    assert stage.desk.base["tempo"] == 200

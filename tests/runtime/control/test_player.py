from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.player import STEPS_BACK, Player
from livedream.runtime.control.presets import Preset
from livedream.runtime.errors import LivedreamError

LAYERS = {"a": 4, "b": 6}
PRESETS = {
    2: Preset("calm", {"strength": 10.0, "layers": "a"}, 4.0),
    5: Preset("wild", {"strength": 50.0, "layers": "b"}, 2.0),
    9: Preset("grey", {"colour": 0.0}, 2.0),
}


class Memory:
    """A shelf that may refuse."""

    def __init__(self) -> None:
        self.presets = dict(PRESETS)
        self.refusal = ""

    def keep(self, number: int, preset: Preset, picture: np.ndarray | None) -> str:
        if self.refusal:
            raise LivedreamError(self.refusal)
        self.presets[number] = preset
        return f"kept {number}"


class Stage:
    def __init__(self) -> None:
        self.now = 10.0
        self.desk = Desk(LAYERS, {"recipe": "live", "layers": "a"}, clock=lambda: self.now)
        self.desk.set("strength", 30, "test", 0)
        self.shelf = Memory()
        self.said: list[str] = []
        self.player = Player(self.desk, self.shelf, self.said.append, clock=lambda: self.now)

    def strength(self, after: float = 0) -> float:
        return float(self.desk.at(self.now + after)["strength"])


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_recall_takes_its_own_time_or_the_one_that_is_said(stage):
    stage.desk.set("preset", 2, "key")
    assert [stage.strength(each) for each in (0, 2, 4)] == [30, 20, 10]
    assert stage.player.title == "2 calm"
    assert stage.desk.at(stage.now)["preset"] == 2  # What it stands for fades, not the name.
    stage.desk.set("preset", 5, "osc", 8)
    assert [stage.strength(each) for each in (0, 4, 8)] == [30, 40, 50]
    assert stage.said == ["2 calm", "5 wild"]


def test_the_same_again_while_it_fades_is_there_at_once_and_later_comes_back(stage):
    stage.desk.set("preset", 2, "key")
    stage.now += 1
    stage.desk.set("preset", 2, "key")
    assert stage.strength() == 10
    stage.desk.set("strength", 90, "knob", 0)
    stage.desk.set("preset", 2, "key")
    assert [stage.strength(each) for each in (0, 2, 4)] == [90, 50, 10]


def test_cut_ends_every_fade_where_it_leads(stage):
    stage.desk.set("preset", 5, "key")
    stage.now += 1
    assert stage.strength() == 40
    stage.desk.set("cut", 1, "key")
    assert stage.strength() == 50
    assert str(stage.desk.at(stage.now)["layers"]) == "b"
    assert not stage.desk.fading(stage.now)


def test_undo_goes_back_at_once_step_by_step(stage):
    stage.desk.set("preset", 2, "key", 0)
    stage.desk.set("strength", 12, "knob", 0)
    stage.desk.set("preset", 5, "key")
    stage.now += 1
    stage.desk.set("undo", 1, "key")
    assert stage.strength() == 12  # With what was touched since the preset before.
    assert stage.player.title == "2 calm"
    assert str(stage.desk.at(stage.now)["layers"]) == "a"
    stage.desk.set("undo", 1, "key")
    assert (stage.strength(), stage.player.title) == (30, "")
    stage.desk.set("undo", 1, "key")
    assert stage.said[-1] == "There is nothing to undo."


def test_not_more_than_so_many_steps_back_are_kept(stage):
    for step in range(STEPS_BACK + 5):
        stage.desk.set("preset", 2 if step % 2 else 5, "key", 0)
    for _ in range(STEPS_BACK):
        stage.desk.set("undo", 1, "key")
    assert "nothing to undo" not in stage.said[-1]
    stage.desk.set("undo", 1, "key")
    assert "nothing to undo" in stage.said[-1]


def test_next_and_previous_go_around_and_leave_gaps_out(stage):
    order = []
    for name in ("next", "next", "next", "next", "previous", "previous"):
        stage.desk.set(name, 1, "osc", 0)
        order.append(stage.desk.base["preset"])
    assert order == [2, 5, 9, 2, 9, 5]
    stage.shelf.presets.clear()
    stage.desk.set("next", 1, "osc")
    assert stage.said[-1] == "There are no presets."


def test_a_number_without_a_preset_is_told_and_changes_nothing(stage):
    before = dict(stage.desk.base)
    stage.desk.set("preset", 3, "osc")
    assert stage.said == ["There is no preset 3."]
    assert dict(stage.desk.base) == {**before, "preset": 3}


def test_what_is_stored_is_what_is_played_at_that_moment(stage):
    stage.desk.set("preset", 5, "key")
    stage.now += 1
    stage.desk.set("store", 7, "key")
    stage.player.attend(None)
    assert stage.shelf.presets[7].values["strength"] == 40
    assert stage.shelf.presets[7].name == "look 7"
    assert (stage.said[-1], stage.player.title) == ("kept 7", "7 look 7")
    stage.desk.set("store", 5, "key")
    stage.player.attend(None)
    assert stage.shelf.presets[5].name == "wild"
    stage.player.attend(None)  # Once.
    assert stage.said.count("kept 5") == 1
    stage.shelf.refusal = "The disk is full."
    stage.desk.set("store", 8, "key")
    stage.player.attend(None)
    assert stage.said[-1] == "The disk is full."
    assert 8 not in stage.shelf.presets


def test_panic_is_no_fade_and_keeps_what_is_played(stage):
    stage.desk.set("preset", 5, "key")
    stage.desk.set("panic", True, "key")
    assert stage.desk.at(stage.now)["panic"]
    stage.now += 2
    stage.desk.set("panic", False, "key")
    assert stage.strength() == 50

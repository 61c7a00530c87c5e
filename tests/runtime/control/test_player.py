from __future__ import annotations

import threading
import time as clocks

import numpy as np
import pytest

from livedream.runtime.control.cues import Cue
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.modulation import Modulation
from livedream.runtime.control.player import STEPS_BACK, Player
from livedream.runtime.control.presets import Preset
from livedream.runtime.control.tempo import Tempo
from livedream.runtime.errors import LivedreamError

from ...patience import PATIENCE

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
        self.cues: tuple[Cue, ...] = ()
        self.refusal = ""

    def keep(self, number: int, preset: Preset, picture: np.ndarray | None) -> str:
        if self.refusal:
            raise LivedreamError(self.refusal)
        self.presets[number] = preset
        return f"kept {number}"


class Stage:
    def __init__(self) -> None:
        self.now, self.ahead = 10.0, 0.0
        self.desk = Desk(LAYERS, {"recipe": "live", "layers": "a"}, clock=lambda: self.now)
        self.desk.set("strength", 30, "test", 0)
        self.shelf = Memory()
        self.said: list[str] = []
        self.player = Player(
            self.desk,
            self.shelf,
            self.said.append,
            clock=lambda: self.now,
            choose=max,
            ahead=lambda: self.ahead,
        )
        self.desk.tempo = Tempo(120, 10.0)

    def until(self, time: float) -> list[tuple[float, str]]:
        """What was recalled until `time`, and when; each tick comes when the last one said."""
        happened: list[tuple[float, str]] = []
        while True:
            before = self.player.title
            due = self.player.tick(self.now)
            if self.player.title != before:
                happened.append((round(self.now, 6), self.player.title))
                continue
            if due > time:
                self.now = time
                return happened
            self.now = due

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


def test_a_preset_is_recalled_by_its_name_and_tells_it(stage):
    heard = []
    stage.desk.observe(lambda name, value, source: heard.append((name, value)))
    stage.desk.set("recall", "Wild", "osc 1", 0.0)
    assert (stage.player.title, stage.strength()) == ("5 wild", 50)
    assert heard[-1] == ("recall", "wild")
    stage.desk.set("preset", 2, "key", 0.0)
    assert stage.desk.base["recall"] == "calm"
    stage.desk.set("recall", "9", "osc 1", 1.0)
    assert stage.desk.base["preset"] == 9
    stage.desk.set("recall", "gray", "osc 1")
    assert "nearest: grey" in stage.said[-1]
    stage.desk.set("wait", "bar", "key")
    stage.desk.set("recall", "calm", "osc 1")
    assert stage.player.title == "9 grey > 2 calm (next bar)"


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


@pytest.mark.parametrize(("wait", "due"), [("beat", 10.5), ("bar", 12.0), ("4 bars", 18.0)])
def test_a_recall_waits_for_its_beat_and_says_so(stage, wait, due):
    stage.now = 10.2
    stage.desk.set("wait", wait, "key")
    stage.desk.set("preset", 5, "key")
    assert stage.strength(9) == 30
    assert stage.player.title == f"> 5 wild (next {wait})"
    assert stage.until(30) == [(due, "5 wild")]
    assert stage.strength() == 50


def test_what_waits_comes_at_once_when_it_is_recalled_again_or_cut(stage):
    stage.desk.set("wait", "4 bars", "key")
    stage.now = 10.2
    stage.desk.set("preset", 5, "key")
    stage.desk.set("preset", 2, "key")  # Another one takes its place.
    assert "2 calm (next 4 bars)" in stage.player.title
    stage.desk.set("preset", 2, "key")
    assert stage.player.title == "2 calm"
    assert stage.strength(4) == 10
    stage.desk.set("preset", 5, "key")
    stage.desk.set("cut", 1, "key")
    assert (stage.player.title, stage.strength()) == ("5 wild", 50)
    stage.desk.set("preset", 2, "key")
    stage.desk.set("undo", 1, "key")
    assert stage.player.title == "2 calm"  # What waited is off, and the last recall undone.


def test_what_waits_follows_the_beat_when_that_changes(stage):
    stage.now = 10.2
    stage.desk.set("wait", "bar", "key")
    stage.desk.set("preset", 5, "key")
    stage.desk.set("tempo", 60, "osc")
    assert stage.until(20) == [(pytest.approx(10.2 + 3.6), "5 wild")]
    stage.now = 20.0
    stage.desk.tempo = Tempo(60, 20.0)
    stage.now = 20.5
    stage.desk.set("preset", 2, "key")
    stage.desk.set("offset", 100, "key")  # Seen on the beat, said before it.
    assert stage.until(30) == [(pytest.approx(23.9), "2 calm")]


def test_what_is_due_is_said_ahead_and_begins_in_the_picture_that_is_seen_then(stage):
    stage.ahead = 0.3
    stage.desk.set("wait", "bar", "key")
    stage.now = 10.2
    stage.desk.set("preset", 5, "key")
    assert stage.until(11.9) == [(pytest.approx(11.7), "5 wild")]
    assert [float(stage.desk.at(each)["strength"]) for each in (11.9, 12, 13, 14)] == [
        30, 30, 40, 50,
    ]  # fmt: skip
    stage.now = 14.5
    stage.desk.set("preset", 2, "key", 0.0)
    assert stage.until(15.9) == [(pytest.approx(15.7), "2 calm")]
    assert [float(stage.desk.at(each)["strength"]) for each in (15.99, 16)] == [50, 10]


def test_what_goes_on_by_itself_keeps_its_times_though_it_is_said_ahead(stage):
    stage.ahead = 0.3
    stage.desk.fade({"auto": True, "auto_every": 3}, "key")
    assert [at for at, _ in stage.until(20)] == pytest.approx([12.7, 15.7, 18.7])
    stage.desk.set("auto", False, "key")
    stage.shelf.cues = (Cue(5, 1.0, 2.0), Cue("calm", 1.0, 2.0), Cue("grey"))
    stage.now = 30.0
    stage.desk.set("go", 1, "key")
    assert [at for at, _ in stage.until(40)] == pytest.approx([31.7, 33.7])
    assert float(stage.desk.at(32.5)["strength"]) == pytest.approx(30)


def test_auto_goes_on_by_itself_in_order_or_at_random(stage):
    stage.desk.fade({"auto": True, "auto_every": 3}, "key")
    assert stage.until(20) == [
        (13, "2 calm"), (16, "5 wild"), (19, "9 grey"),
    ]  # fmt: skip
    stage.desk.set("auto_order", "random", "key")
    assert stage.until(26) == [(22, "5 wild"), (25, "9 grey")]  # Never the same again.
    stage.desk.set("auto", False, "key")
    assert stage.until(60) == []
    assert stage.said == []  # Nobody asked.


def test_auto_on_bars_keeps_to_them_and_counts_from_a_recall_by_hand(stage):
    stage.now = 10.3
    stage.desk.fade({"auto": True, "auto_every": 2, "auto_unit": "bars"}, "key")
    assert [at for at, _ in stage.until(23)] == [14, 18, 22]
    stage.now = 23.1
    stage.desk.set("preset", 9, "key")
    assert [at for at, _ in stage.until(34)] == [28, 32]


def test_after_a_long_sleep_one_comes_and_not_all(stage):
    stage.desk.fade({"auto": True, "auto_every": 3}, "key")
    stage.now = 1000.0
    assert [at for at, _ in stage.until(1001)] == [1000]


def test_the_earliest_of_what_is_due_comes_first(stage):
    stage.shelf.cues = (Cue(9, 1.0, 7.0), Cue(2))
    stage.desk.set("go", 1, "key")
    stage.desk.fade({"auto": True, "auto_every": 5}, "key")
    stage.desk.set("wait", "bar", "key")
    stage.now = 10.1
    stage.desk.set("preset", 5, "key")
    assert stage.player.tick(10.1) == 12
    assert stage.until(16.9) == [(12, "5 wild")]
    assert stage.player.tick(16.9) == 17
    assert stage.player.tick(17.0) > 17


def test_a_show_without_cues_says_so(stage):
    stage.desk.set("go", 1, "key")
    assert stage.said == ["The show has no cues."]


def test_cues_go_on_and_back_and_by_themselves(stage):
    stage.shelf.cues = (Cue(5, 1.0, 2.0), Cue("calm", None, 1, "bars"), Cue("grey"), Cue("gone"))
    stage.desk.set("back", 1, "key")
    assert stage.said == ["That was the first cue."]
    stage.desk.set("go", 1, "key")
    assert [stage.strength(each) for each in (0, 0.5, 1)] == [30, 40, 50]
    # After two seconds, then on the bar that is one bar later.
    assert stage.until(30) == [(12, "2 calm"), (14, "9 grey")]
    stage.desk.set("back", 1, "key")
    assert stage.player.title == "2 calm"
    stage.desk.set("go", 1, "key")
    stage.desk.set("go", 1, "key")
    assert "'gone'" in stage.said[-1]
    stage.desk.set("go", 1, "key")
    assert stage.said[-1] == "That was the last cue."


def test_what_comes_next_is_known_as_far_as_it_is(stage):
    assert stage.player.coming == {}
    stage.shelf.cues = (Cue(5), Cue("calm"), Cue("gone"))
    for comes in (PRESETS[5].values, PRESETS[2].values, {}):
        assert stage.player.coming == comes
        stage.desk.set("go", 1, "key")
    assert len(stage.said) == 3  # The one that is gone is told when it is its turn, and once.
    stage.desk.set("preset", 2, "key")
    stage.desk.fade({"auto": True, "auto_order": "in order"}, "key")
    assert stage.player.coming == PRESETS[5].values
    stage.desk.set("auto_order", "random", "key")
    assert stage.player.coming == {}
    stage.desk.set("wait", "bar", "key")
    stage.desk.set("preset", 9, "key")
    assert stage.player.coming == PRESETS[9].values


def test_waves_are_part_of_a_preset_and_of_what_is_stored_and_undone(stage):
    wave = Modulation("strength", 0.1, 4.0)
    stage.shelf.presets[5] = Preset("wild", {"strength": 50.0}, 2.0, (wave,))
    stage.desk.set("preset", 5, "key", 0)
    assert stage.strength(0.5) != 50
    stage.desk.set("store", 7, "key")
    stage.player.attend(None)
    kept = stage.shelf.presets[7]
    assert (kept.values["strength"], kept.moves) == (50, (wave,))
    stage.desk.set("preset", 2, "key", 0)
    assert stage.desk.modulations == ()
    stage.desk.set("undo", 1, "key")
    assert stage.desk.modulations == (wave,)


def test_what_is_edited_in_the_preset_that_plays_comes_and_what_was_touched_stays(stage):
    stage.desk.set("preset", 5, "key", 0)
    stage.desk.set("strength", 44, "knob", 0)
    before = dict(stage.shelf.presets)
    stage.shelf.presets[5] = Preset("wild", {"strength": 50.0, "layers": "b", "blur": 3.0}, 2.0)
    stage.player.renewed(before)
    assert (stage.desk.base["strength"], stage.desk.base["blur"]) == (44, 3)
    stage.shelf.presets[2] = Preset("calm", {"strength": 1.0})
    stage.player.renewed({**before, 5: stage.shelf.presets[5]})
    assert stage.desk.base["strength"] == 44


def test_a_thread_does_what_is_due_and_ends():
    desk = Desk(LAYERS, {"recipe": "live", "layers": "a"})
    player = Player(desk, Memory()).start()
    desk.set("wait", "beat", "key")
    desk.set("tempo", 400, "key")
    desk.set("preset", 5, "key")
    end = clocks.monotonic() + PATIENCE
    while player.title != "5 wild":
        assert clocks.monotonic() < end
        clocks.sleep(0.005)
    threads = threading.active_count()
    player.close()
    player.close()
    assert threading.active_count() == threads - 1

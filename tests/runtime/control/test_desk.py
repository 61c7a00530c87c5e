from __future__ import annotations

import threading

import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.modulation import (
    WAVES,
    Modulation,
    decay,
    hold,
    saw,
    sine,
    square,
    triangle,
)
from livedream.runtime.control.parameters import Show
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.control.tempo import Tempo
from livedream.runtime.errors import UsageError

from ...patience import PATIENCE

LAYERS = {"a": 4, "b": 6, "c": 2}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock) -> Desk:
    return Desk(LAYERS, {"recipe": "live", "layers": "a*0.5+b:2"}, clock=clock)


def heard(desk: Desk) -> list:
    news = []
    desk.observe(lambda *change: news.append(change))
    return news


class TestSaying:
    def test_what_is_said_holds_at_once_for_every_time(self, desk):
        desk.set("octaves", 3, "key")
        desk.set("step_size", 5, "key", 0)
        assert [desk.at(time)["octaves"] for time in (0, 100, 101)] == [3, 3, 3]
        assert desk.at(100)["step_size"] == 5

    def test_it_is_clamped_never_refused_for_its_size(self, desk):
        desk.set("octave_scale", -5, "osc", 0)
        desk.set("strength", 1e9, "osc", 0)
        assert desk.base["octave_scale"] == 1.05
        assert desk.base["strength"] == 128

    def test_keys_reach_the_ends_and_stay_there(self, desk):
        for _ in range(40):
            desk.nudge("octave_scale", -1, "key")
            desk.nudge("step_size", -1, "key")
        assert (desk.base["octave_scale"], desk.base["step_size"]) == (1.05, 0)

    @pytest.mark.parametrize("say", ["set", "nudge", "parameter"])
    def test_an_unknown_name_gets_the_nearest(self, desk, say):
        arguments = {"set": ("step", 1, "osc"), "nudge": ("step", 1, "osc"), "parameter": ("step",)}
        with pytest.raises(UsageError, match="no parameter 'step'; nearest: steps"):
            getattr(desk, say)(*arguments[say])

    def test_all_or_nothing(self, desk):
        with pytest.raises(UsageError):
            desk.fade({"octaves": 7, "mirror": True, "layers": "nonsense"}, "preset", 0)
        assert desk.base["octaves"] == RECIPES["live"].dream.octaves
        assert not desk.base["mirror"]

    def test_groups_come_out_whole(self, desk):
        desk.nudge("mirror", 1, "key")
        desk.nudge("mirror", 1, "key")
        desk.nudge("freeze", 1, "key")
        assert desk.base.of(Show) == Show(freeze=True)
        assert desk.base.dream == RECIPES["live"].dream

    def test_it_holds_everything_but_triggers_and_begins_with_the_first_layer(self, desk):
        names = {name for name, each in desk.parameters.items() if each.kind != "trigger"}
        assert set(desk.base) == set(desk.at(0)) == names
        assert len(desk.at(0)) == len(names)
        plain = Desk(LAYERS, {})
        assert (plain.base["layers"], plain.base["layer"], plain.base["channel"]) == ("a", "a", -1)
        assert plain.at(0)["blur"] == plain.parameters["blur"].default


class TestLinks:
    def test_a_recipe_sets_the_values_and_whether_the_dream_is_carried(self, desk):
        desk.set("recipe", "google", "key", 0)
        state = desk.at(0)
        assert state.dream == RECIPES["google"].dream
        assert not state.live
        desk.set("recipe", "live", "key", 0)
        assert desk.at(0).live

    def test_what_is_said_beside_the_recipe_holds(self, desk):
        desk.fade({"blur": 2, "steps": 7, "recipe": "google"}, "preset", 0)
        assert (desk.base["blur"], desk.base["steps"]) == (2, 7)
        assert desk.base["jitter"] == RECIPES["google"].dream.jitter

    def test_a_layer_moves_the_first_term_and_keeps_the_mix(self, desk):
        desk.nudge("layer", 1, "key")
        assert desk.at(0)["layers"] == "b*0.5+b:2"
        for _ in range(2):
            desk.nudge("layer", 1, "key")
        assert desk.at(0)["layers"] == "a*0.5+b:2"
        desk.nudge("layer", -1, "key")
        assert (desk.base["layer"], desk.base["layers"]) == ("c", "c*0.5+b:2")

    def test_a_channel_is_one_of_the_layers_and_minus_one_is_all(self, desk):
        desk.set("channel", 99, "midi")
        assert (desk.base["layers"], desk.base["channel"]) == ("a:3*0.5+b:2", 3)
        desk.set("channel", 0, "midi")
        assert (desk.base["layers"], desk.base["channel"]) == ("a:0*0.5+b:2", 0)
        desk.set("channel", 3, "midi")
        desk.set("layer", "c", "midi")
        assert (desk.base["layers"], desk.base["channel"]) == ("c:1*0.5+b:2", 1)
        desk.set("channel", -1, "midi")
        assert (desk.base["layers"], desk.base["channel"]) == ("c*0.5+b:2", -1)

    def test_a_layer_and_a_channel_said_together_both_hold(self, desk):
        desk.fade({"layer": "b", "channel": 5}, "preset", 0)
        assert desk.base["layers"] == "b:5*0.5+b:2"

    def test_a_sum_is_seen_as_layer_and_channel(self, desk):
        desk.set("layers", "b:5", "osc")
        assert (desk.at(0)["layer"], desk.at(0)["channel"]) == ("b", 5)
        assert str(desk.at(0).objective) == "b:5"


class TestTime:
    def test_a_fade_runs_from_where_it_is(self, desk, clock):
        desk.set("blur", 0, "osc", 0)
        desk.set("blur", 8, "osc", 4)
        assert [desk.at(time)["blur"] for time in (90, 100, 101, 103, 104, 200)] == [
            0, 0, 2, 6, 8, 8
        ]  # fmt: skip
        clock.now = 102.0
        desk.set("blur", 0, "key", 2)
        assert [desk.at(time)["blur"] for time in (102, 103, 104)] == [4, 2, 0]
        assert desk.base["blur"] == 0

    def test_any_moment_can_be_asked_for_in_any_order(self, desk):
        begin = desk.at(100)["step_size"]
        desk.set("step_size", begin + 8, "osc", 4)
        end, middle = desk.at(200)["step_size"], desk.at(102)["step_size"]
        assert begin < middle < end == begin + 8
        assert [desk.at(time)["step_size"] for time in (104, 100, 102)] == [end, begin, middle]
        desk.set("step_size", begin, "osc", 0)
        assert desk.at(200)["step_size"] == begin

    def test_a_fade_begins_exactly_where_it_is(self, desk):
        for name, there in (("step_size", 32), ("half_life", 60), ("strength", 0)):
            before = desk.at(100)[name]
            desk.set(name, there, "osc", 2)
            assert desk.at(100)[name] == before
            assert desk.at(99)[name] == before

    def test_what_is_on_or_chosen_has_no_way_between(self, desk):
        desk.fade({"mirror": True, "recipe": "google"}, "preset", 2)
        assert desk.at(100.1)["mirror"] is True
        assert desk.at(100.1)["recipe"] == "google"

    def test_a_fade_along_a_log_curve_is_slow_at_the_low_end(self, desk):
        desk.set("half_life", 0, "osc", 0)
        desk.set("half_life", 60, "osc", 2)
        assert 0 < desk.at(101)["half_life"] < 5

    def test_without_seconds_it_is_the_parameters_own_smoothing(self, desk):
        desk.set("blur", 4, "midi")
        smoothing = desk.parameters["blur"].smoothing
        assert desk.at(100)["blur"] == RECIPES["live"].dream.blur
        assert desk.at(100 + 2 * smoothing)["blur"] == 4

    def test_said_again_every_frame_it_still_arrives(self, desk, clock):
        for _ in range(30):
            desk.set("blur", 4, "osc")
            clock.now += 1 / 60
        assert desk.at(clock.now)["blur"] == 4

    def test_a_cut_ends_a_fade_to_the_same_value(self, desk):
        desk.set("blur", 4, "osc", 10)
        desk.set("blur", 4, "key", 0)
        assert desk.at(100)["blur"] == 4

    def test_other_fades_go_on(self, desk, clock):
        desk.set("blur", 0, "osc", 0)
        desk.set("blur", 8, "osc", 4)
        clock.now = 102.0
        desk.set("strength", 3, "key", 0)
        desk.nudge("mirror", 1, "key")
        assert desk.at(103)["blur"] == 6

    def test_what_begins_later_waits_for_its_moment_and_a_cut_does_not(self, desk):
        desk.fade({"blur": 0, "mirror": False}, "osc", 0)
        desk.fade({"blur": 8, "mirror": True}, "preset", 4, begin=101)
        assert [desk.at(time)["blur"] for time in (100, 101, 102, 105)] == [0, 0, 2, 8]
        assert [desk.at(time)["mirror"] for time in (100.9, 101)] == [False, True]
        desk.fade({"blur": 0}, "preset", 0, begin=110)
        assert [desk.at(time)["blur"] for time in (109, 110)] == [8, 0]
        desk.modulate([Modulation("blur", 0.5, 1, "beats", "decay")], begin=120)
        assert desk.at(119)["blur"] == 0
        assert desk.at(120)["blur"] > 0
        desk.cut()
        assert desk.at(100)["mirror"] is True

    def test_layers_morph_and_what_needs_sessions_jumps(self, desk):
        desk.fade({"layers": "a*0.5+c", "octaves": 5, "octave_scale": 2}, "preset", 2)
        state = desk.at(101)
        assert state["layers"] == "a*0.5+b:2*0.5+c*0.5"
        assert (state["octaves"], state["octave_scale"]) == (5, 2)
        assert desk.at(102)["layers"] == "a*0.5+c"


class TestModulation:
    def test_waves_move_a_value_around_its_base(self, desk):
        desk.set("blur", 4, "key", 0)
        desk.modulate([Modulation("blur", 0.25, 0.5, "hertz")])
        assert desk.at(0.5)["blur"] == pytest.approx(6)
        assert desk.at(1.5)["blur"] == pytest.approx(2)
        assert desk.base["blur"] == desk.unmoved(0.5)["blur"] == 4
        desk.set("blur", 8, "key", 0)
        assert desk.at(0.5)["blur"] == 8
        desk.modulate([])
        assert desk.at(1.5)["blur"] == 8

    def test_a_wave_is_ahead_by_its_phase(self, desk):
        desk.set("blur", 4, "key", 0)
        desk.modulate([Modulation("blur", 0.25, 1 / 6, "hertz", phase=0.25)])
        # A swing is 2 of the range of 8: cos(0), cos(60 degrees), cos(90 degrees).
        assert [desk.at(time)["blur"] for time in (0, 1, 1.5)] == pytest.approx([6, 5, 4])

    def test_beats_are_those_of_the_tempo_earlier_by_the_offset(self, desk):
        desk.set("blur", 4, "key", 0)
        desk.tempo = Tempo(60, 10.0)
        desk.modulate([Modulation("blur", 0.5, 4, wave="square")])
        assert [desk.at(time)["blur"] for time in (9.9, 10.1, 11.9, 12.1)] == [0, 8, 8, 0]
        desk.tempo = Tempo(120, 10.0)
        assert [desk.at(time)["blur"] for time in (10.9, 11.1, 11.9, 12.1)] == [8, 0, 0, 8]
        desk.set("offset", 200, "key", 0)
        assert [desk.at(time)["blur"] for time in (10.7, 10.9)] == [8, 0]

    def test_waves_come_and_go_over_the_time_of_a_recall(self, desk):
        desk.set("blur", 4, "key", 0)
        desk.modulate([Modulation("blur", 0.5, 1e6, wave="square")])
        assert desk.at(100)["blur"] == 8
        desk.modulate([Modulation("blur", -0.5, 1e6, wave="square")], 4)
        assert [desk.at(100 + each)["blur"] for each in (0, 1, 2, 4)] == [8, 6, 4, 0]
        desk.cut()
        assert desk.at(100)["blur"] == 0

    def test_several_add_up_and_never_leave_the_range(self, desk):
        desk.set("blur", 4, "key", 0)
        half, quarter, much = (
            Modulation("blur", depth, 1, "hertz", "square") for depth in (0.25, 0.125, -9)
        )
        desk.modulate([half, quarter])
        assert [desk.at(time)["blur"] for time in (0.1, 0.6)] == [7, 1]
        desk.modulate([much])
        assert [desk.at(time)["blur"] for time in (0.1, 0.6)] == [0, 8]

    @pytest.mark.parametrize("name", ["octaves", "layers", "mirror", "channel", "tempo"])
    def test_only_what_may_change_every_frame(self, desk, name):
        with pytest.raises(UsageError, match="does not change from frame to frame"):
            desk.modulate([Modulation(name, 1, 1)])

    def test_waves_stay_in_their_range_and_begin_where_they_say(self):
        for wave in (sine, triangle, saw, square):
            values = [wave(n / 100) for n in range(-200, 200)]
            assert -1 <= min(values) < -0.95
            assert 0.95 < max(values) <= 1
            assert wave(0.3) == pytest.approx(wave(7.3))
        assert [triangle(part) for part in (0, 0.25, 0.5, 0.75)] == [0, 1, 0, -1]
        assert [saw(part) for part in (0, 0.5)] == [-1, 0]
        assert [square(part) for part in (0, 0.49, 0.5, 0.99)] == [1, 1, -1, -1]

    def test_each_wave_has_its_name(self, desk):
        desk.set("blur", 4, "key", 0)
        shown = {}
        for name in WAVES:
            desk.modulate([Modulation("blur", 0.25, 1, "hertz", name)])
            shown[name] = [round(float(desk.at(part)["blur"]), 2) for part in (0.05, 0.3, 0.8)]
        assert len({tuple(values) for values in shown.values()}) == 6
        assert shown["square"] == [6, 6, 2]
        assert shown["saw"] == [2.2, 3.2, 5.2]
        assert set(shown) == {"sine", "triangle", "saw", "square", "decay", "random"}

    def test_what_is_struck_fades_and_chance_holds_for_a_cycle(self):
        struck = [decay(part / 10) for part in range(10)]
        assert struck[0] == 1
        assert struck == sorted(struck, reverse=True)
        assert 0 < struck[-1] < 0.05
        held = [hold(cycle + 0.3) for cycle in range(200)]
        assert held == [hold(cycle + 0.9) for cycle in range(200)]
        assert -1 <= min(held) < -0.9
        assert 0.9 < max(held) <= 1


class TestTriggers:
    def test_each_is_told_once(self, desk):
        assert not desk.take("snapshot")
        desk.nudge("snapshot", 1, "key")
        desk.set("reset", True, "osc")
        assert desk.take("snapshot")
        assert not desk.take("snapshot")
        assert desk.take("reset")

    def test_the_release_of_a_button_is_none(self, desk):
        desk.set("snapshot", 0.0, "osc")
        assert not desk.take("snapshot")


class TestObservers:
    def test_they_hear_what_changed_and_who_said_it(self, desk):
        news = heard(desk)
        desk.set("octaves", 99, "osc")
        desk.set("octaves", 12, "osc")  # Nothing changes.
        desk.set("snapshot", 1, "key")
        desk.nudge("layer", 1, "page")
        assert news == [
            ("octaves", 12, "osc"), ("snapshot", True, "key"),
            ("layers", "b*0.5+b:2", "page"), ("layer", "b", "page"),
        ]  # fmt: skip

    def test_one_that_left_hears_nothing(self, desk):
        news = []
        forget = desk.observe(lambda *change: news.append(change))
        forget()
        desk.set("octaves", 5, "osc")
        assert news == []

    def test_one_may_speak_itself(self, desk):
        news = heard(desk)
        desk.observe(lambda name, value, source: desk.set("steps", 3, "echo"))
        desk.set("octaves", 5, "osc")
        assert news == [("octaves", 5, "osc"), ("steps", 3, "echo")]

    def test_a_slow_one_holds_up_neither_speakers_nor_the_reader(self, desk):
        arrived, go_on = threading.Event(), threading.Event()
        news = []

        def slow(*change):
            news.append(change)
            arrived.set()
            assert go_on.wait(PATIENCE)

        desk.observe(slow)
        speaker = threading.Thread(target=desk.set, args=("octaves", 3, "one"))
        speaker.start()
        assert arrived.wait(PATIENCE)
        for octaves in range(4, 9):
            desk.set("octaves", octaves, "other")
        assert desk.at(0)["octaves"] == 8
        go_on.set()
        speaker.join(PATIENCE)
        assert news == [("octaves", 3, "one"), ("octaves", 8, "other")]

    def test_what_is_said_again_meanwhile_comes_last(self, desk):
        news = []

        def speak_once(*change):
            if not news:
                for name, value in (("octaves", 4), ("steps", 9), ("octaves", 6)):
                    desk.set(name, value, "inside")
            news.append(change)

        desk.observe(speak_once)
        desk.set("jitter", 8, "outside")
        assert news == [
            ("jitter", 8, "outside"), ("steps", 9, "inside"), ("octaves", 6, "inside"),
        ]  # fmt: skip

    def test_an_error_of_one_does_not_silence_the_desk(self, desk):
        def broken(*change):
            raise OSError("gone")

        forget = desk.observe(broken)
        with pytest.raises(OSError, match="gone"):
            desk.set("octaves", 5, "osc")
        forget()
        news = heard(desk)
        desk.set("octaves", 6, "osc")
        assert news == [("octaves", 6, "osc")]


class TestThreads:
    def test_four_that_speak_lose_nothing(self, desk):
        names = ("step_size", "blur", "strength", "half_life")
        last = {}
        desk.observe(lambda name, value, source: last.__setitem__(name, value))
        begin = threading.Barrier(5)

        def speak(name: str) -> None:
            begin.wait()
            for number in range(2500):
                desk.set(name, number % 7, name, 0)
                desk.nudge("steps", 1 if number % 2 else -1, name, 0)
            desk.set(name, 5, name, 0)

        desk.set("steps", 100, "test", 0)
        threads = [threading.Thread(target=speak, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        begin.wait()
        while any(thread.is_alive() for thread in threads):
            state = desk.at(0)
            assert all(0 <= state[name] <= 24 for name in names)
        assert [desk.at(0)[name] for name in names] == [5] * 4
        assert desk.base["steps"] == 100  # No nudge was lost between reading and writing.
        assert {name: last[name] for name in names} == dict.fromkeys(names, 5)

    def test_of_those_that_take_the_place_of_a_value_one_does(self, desk):
        assert not desk.compare_and_set("octaves", 7, 3, "one")
        desk.set("steps", 1, "one")
        gate, won = threading.Barrier(4), []

        def climb() -> None:
            for number in range(1, 50):
                gate.wait(PATIENCE)
                if desk.compare_and_set("steps", number, number + 1, "one"):
                    won.append(number)

        threads = [threading.Thread(target=climb) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert won == list(range(1, 50))

    def test_reading_needs_no_lock(self, desk):
        with desk._lock:
            reader = threading.Thread(target=lambda: (desk.at(0), desk.base, desk.take("reset")))
            reader.start()
            reader.join(PATIENCE)
            assert not reader.is_alive()


def test_a_choice_that_is_forbidden_is_no_choice_for_anybody():
    desk = Desk({"a": 4}, {})
    desk.forbid("flash_limit", "off")
    with pytest.raises(UsageError, match="strict"):
        desk.set("flash_limit", "off", "test")
    for value in (2, 99, 1e9):
        desk.set("flash_limit", value, "test")
        assert desk.base["flash_limit"] == "standard"
    desk.nudge("flash_limit", 1, "test")
    assert desk.base["flash_limit"] == "strict"

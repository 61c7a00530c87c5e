from __future__ import annotations

import math

import pytest

from livedream.runtime.control.parameters import parameters
from livedream.runtime.declared import Parameter
from livedream.runtime.errors import UsageError

PARAMETERS = parameters({"a": 4, "b": 6, "c": 2})
NUMBERS = [each for each in PARAMETERS.values() if each.kind == "number"]


def ids(parameter: Parameter) -> str:
    return parameter.name


@pytest.mark.parametrize("parameter", NUMBERS, ids=ids)
class TestNumbers:
    def test_the_default_is_in_the_range_and_a_step_moves_it(self, parameter):
        assert parameter.clamp(parameter.default) == parameter.default
        direction = -1 if parameter.default == parameter.high else 1
        moved = parameter.moved(parameter.default, direction)
        assert (moved - parameter.default) * direction > 0

    def test_beyond_the_range_is_its_end(self, parameter):
        assert parameter.clamp(-1e9) == parameter.clamp(-math.inf) == parameter.low
        assert parameter.clamp(1e9) == parameter.clamp(math.inf) == parameter.high

    def test_keys_reach_both_ends_exactly(self, parameter):
        for direction, end in ((-1, parameter.low), (1, parameter.high)):
            value = parameter.default
            for _ in range(3000):
                value = parameter.moved(value, direction)
            assert value == end

    def test_a_fader_covers_the_range_and_comes_back(self, parameter):
        assert parameter.at_share(0) == parameter.at_share(-3) == parameter.low
        assert parameter.at_share(1) == parameter.at_share(3) == parameter.high
        places = [parameter.at_share(n / 50) for n in range(51)]
        assert places == sorted(places)
        for value in places:
            assert parameter.at_share(parameter.share(value)) == pytest.approx(value)


def test_steps_stay_on_the_grid_however_odd_the_start():
    scale, blur = PARAMETERS["octave_scale"], PARAMETERS["blur"]
    assert scale.moved(1.05, 1) == 1.1
    assert blur.moved(0.7, 1) == 0.75
    assert blur.moved(0.7, -1) == 0.5
    value = 1.1
    for _ in range(29):
        value = scale.moved(value, 1)
    assert value == 4


def test_whole_numbers_stay_whole():
    octaves = PARAMETERS["octaves"]
    assert octaves.clamp("3") == 3
    assert isinstance(octaves.clamp(2.6), int)
    assert isinstance(octaves.at_share(0.4), int)


def test_log_is_fine_at_the_low_end():
    half_life = PARAMETERS["half_life"]
    assert half_life.at_share(0.5) < 0.05 * half_life.high


@pytest.mark.parametrize("value", ["much", float("nan"), None, "nan", [1], 10**400])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(UsageError, match="is no number for step size"):
        PARAMETERS["step_size"].clamp(value)


def test_choices_by_name_and_place_and_around_the_ends():
    layer = PARAMETERS["layer"]
    assert layer.clamp("b") == layer.clamp(1) == layer.at_share(0.5) == "b"
    assert layer.clamp(99) == layer.at_share(1) == "c"
    assert layer.moved("c", 1) == "a"
    assert layer.moved("a", -1) == "c"
    assert [layer.share(name) for name in "abc"] == [0, 0.5, 1]
    with pytest.raises(UsageError, match="no layer 'd'; nearest: a, b, c"):
        layer.clamp("d")


def test_toggles_turn_over_and_take_numbers():
    mirror = PARAMETERS["mirror"]
    assert [mirror.clamp(value) for value in (0, 0.4, 0.5, 1, True)] == [0, 0, 1, 1, 1]
    assert mirror.moved(True, 1) is False
    assert (mirror.share(True), mirror.at_share(0.7)) == (1, True)

    assert mirror.at_share(0.5) is True
    assert (mirror.group, PARAMETERS["hud"].group) == ("picture", "window")


def test_the_first_choice_is_place_0_and_the_last_of_two_is_all_the_way_up():
    layer, recipe = PARAMETERS["layer"], PARAMETERS["recipe"]
    assert layer.clamp(0) == layer.clamp(-3) == layer.at_share(0) == "a"
    assert recipe.share(recipe.choices[-1]) == 1


def test_a_trigger_fires_whichever_way_it_is_moved():
    for direction in (1, -1):
        assert PARAMETERS["reset"].moved(False, direction) is True


def test_a_text_has_no_next():
    with pytest.raises(UsageError, match="layers is a text"):
        PARAMETERS["layers"].moved("a", 1)


def test_what_is_not_declared_is_a_plain_share_of_one():
    plain = Parameter("depth", "number", "How deep.", 0.5)
    assert (plain.clamp(-1), plain.clamp(2), plain.clamp(0.3)) == (0, 1, 0.3)
    assert plain.at_share(0.25) == plain.share(0.25) == 0.25
    assert (plain.cost, plain.smoothing, plain.step) == ("instant", 0, 0)
    assert Parameter("word", "text", "What is said.", "").clamp(3) == "3"


def test_steps_go_through_zero():
    balance = Parameter("balance", "number", "Left or right.", 0, -5, 5, step=1)
    assert (balance.moved(-2.3, 1), balance.moved(-2.3, -1)) == (-2, -3)
    assert (balance.moved(-1, 1), balance.moved(0, -1)) == (0, -1)


def test_texts_are_brought_into_their_form():
    assert PARAMETERS["size"].clamp("640X480") == "640x480"
    assert PARAMETERS["layers"].clamp(" a*1.0 + b:2 ") == "a+b:2"
    with pytest.raises(UsageError, match="nearest: a"):
        PARAMETERS["layers"].clamp("aa")
    with pytest.raises(UsageError, match="such as 640x480"):
        PARAMETERS["size"].clamp("wide")


def test_people_read_words_and_letters():
    said = [PARAMETERS[name].label for name in ("octave_scale", "tv", "l2", "hud")]
    assert said == ["octave scale", "TV", "L2", "HUD"]


def test_everything_says_what_it_is():
    for parameter in PARAMETERS.values():
        assert parameter.sentence.endswith(".")
        assert parameter.kind != "number" or parameter.step > 0
        assert parameter.kind != "choice" or parameter.default in (*parameter.choices, "")

from __future__ import annotations

import pytest

from livedream.runtime.control.midi.bindings import (
    Binding,
    Hand,
    Set,
    Step,
    light,
    parse_bindings,
    picked_up,
    played,
    steps_of,
    written,
)
from livedream.runtime.control.midi.decoder import Control, Moved
from livedream.runtime.control.parameters import parameters
from livedream.runtime.errors import UsageError

PARAMETERS = parameters({"a": 4, "b": 6})
KNOB, PAD = Control("cc", 1, 21), Control("note", 1, 36)


def run(how, name, raws, value, *, control=KNOB, says=None):
    """What each of `raws` does in turn, while the value stays where it is."""
    binding, hand, wishes = Binding(control, name, how, says), Hand(), []
    for raw in raws:
        wish, hand = played(binding, Moved(control, raw, 0.0), hand, PARAMETERS[name], value)
        wishes.append(wish)
    return wishes


def test_a_knob_is_silent_until_it_has_the_value_in_hand():
    assert run("absolute", "amount", [10, 30, 62, 80], 0.5) == [
        None, None, Set("amount", 62 / 127), Set("amount", 80 / 127),
    ]  # fmt: skip


def test_a_knob_that_is_turned_fast_catches_by_going_past():
    assert run("absolute", "amount", [10, 120], 0.5)[1] == Set("amount", 120 / 127)
    assert run("absolute", "amount", [120, 100, 3], 0.5)[1:] == [None, Set("amount", 3 / 127)]
    assert run("jump", "amount", [120], 0.5) == [Set("amount", 120 / 127)]


def test_the_ends_are_the_ends():
    assert run("absolute", "amount", [0, 127], 0.0) == [Set("amount", 0), Set("amount", 1)]
    (full,) = run("jump", "amount", [16383], 0.5, control=Control("cc14", 1, 2))
    assert full == Set("amount", 1)


def test_picking_up_knows_both_sides_and_the_first_message():
    assert not picked_up(Hand(), 0.9, 0.5)
    assert not picked_up(Hand(0.9), 0.6, 0.5)
    assert picked_up(Hand(0.6), 0.4, 0.5)
    assert picked_up(Hand(0.4), 0.6, 0.5)
    assert picked_up(Hand(0.1, caught=True), 0.9, 0.5)


@pytest.mark.parametrize(
    ("how", "raw", "steps"),
    [
        ("relative", 1, 1), ("relative", 3, 3), ("relative", 127, -1), ("relative", 125, -3),
        ("relative", 65, -1), ("relative", 67, -3), ("relative", 0, 0), ("relative", 64, 0),
        ("offset", 65, 1), ("offset", 63, -1), ("offset", 64, 0), ("offset", 60, -4),
    ],
)  # fmt: skip
def test_endless_knobs_in_three_languages(how, raw, steps):
    assert steps_of(raw, how) == steps
    assert run(how, "amount", [raw], 0.5) == [Step("amount", steps) if steps else None]


def test_pads_press_hold_and_say():
    assert run("press", "mirror", [90, 0, 90, 0], False, control=PAD) == [
        Step("mirror", 1), None, Step("mirror", 1), None,
    ]  # fmt: skip
    assert run("press", "reset", [1, 0], False, control=PAD) == [Step("reset", 1), None]
    assert run("hold", "freeze", [90, 0], False, control=PAD) == [
        Set("freeze", True), Set("freeze", False),
    ]  # fmt: skip
    assert run("say", "preset", [90, 0, 90], 0, control=PAD, says=3) == [
        Set("preset", 3), None, Set("preset", 3),
    ]  # fmt: skip
    program = Control("program", 1, 0)
    assert run("say", "preset", [127, 127], 0, control=program, says=3) == [Set("preset", 3)] * 2
    # A button that speaks as a control, and does so twice.
    assert run("press", "mirror", [127, 127, 0, 127], False) == [
        Step("mirror", 1), None, None, Step("mirror", 1),
    ]  # fmt: skip


def test_lamps_and_rings_show_the_value():
    def shown(control, name, how, value, says=None):
        return light(Binding(control, name, how, says), PARAMETERS[name], value)

    assert shown(PAD, "mirror", "press", True) == [0x90, 36, 127]
    assert shown(PAD, "mirror", "press", False) == [0x90, 36, 0]
    assert shown(PAD, "reset", "press", True) == [0x90, 36, 0]
    assert shown(Control("cc", 3, 21), "amount", "absolute", 0.5) == [0xB2, 21, 64]
    assert shown(Control("cc14", 1, 2), "amount", "jump", 1.0) == [0xB0, 2, 127]
    assert shown(PAD, "preset", "say", 3, 3) == [0x90, 36, 127]
    assert shown(PAD, "preset", "say", 4, 3) == [0x90, 36, 0]
    assert shown(KNOB, "amount", "relative", 0.5) is None
    assert shown(Control("program", 1), "preset", "say", 3) is None


def test_a_file_is_read_as_it_was_written():
    bindings = [
        Binding(KNOB, "amount"),
        Binding(Control("nrpn", 3, 300), "strength", "jump"),
        Binding(PAD, "preset", "say", 3),
        Binding(Control("bend", 16), "blur"),
        Binding(Control("program", 2, 0), "reset", "press"),
    ]
    assert parse_bindings(written(bindings), "pads.toml", PARAMETERS) == bindings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[bind", "line 1"),
        ('[[bind]]\ncontrol = "cc 1"\nname = "amont"', "nearest: amount"),
        ('[[bind]]\ncontrol = "cc 1"\nname = "amount"\nhow = "jumps"', "nearest: jump"),
        ('[[bind]]\ncontrol = "knob 1"\nname = "amount"', "no control"),
        ('[[bind]]\ncontrol = "nrpn 20000"\nname = "amount"', "no control"),
        ('[[bind]]\ncontrol = "cc 1"\nname = "amount"\nchannel = 17', "1 to 16"),
        ('[[bind]]\ncontrol = "cc x"\nname = "amount"', "no control"),
        ('[[bind]]\ncontrol = "cc 1"\nname = "amount"\nchannel = 0', "1 to 16"),
        ('[[bind]]\ncontrol = "cc 1"\nname = "amount"\nchanel = 1', "nearest: channel"),
        ('[[bind]]\ncontrol = "cc 1"\nname = "preset"\nvalue = "x"', "no number"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text, says):
    with pytest.raises(UsageError, match=says):
        parse_bindings(text, "pads.toml", PARAMETERS)

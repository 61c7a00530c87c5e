from __future__ import annotations

import random

import pytest

from livedream.runtime.control.midi.decoder import (
    PAIR,
    TOP,
    Beat,
    Control,
    Decoder,
    Moved,
    Place,
)


def heard(*messages: tuple[int, ...], apart: float = 0.001) -> list[tuple[Control, int]]:
    decoder = Decoder()
    return [
        (each.control, each.raw)
        for number, message in enumerate(messages)
        for each in decoder.heard(message, number * apart)
        if isinstance(each, Moved)
    ]


@pytest.mark.parametrize(
    ("message", "control", "raw"),
    [
        ((0xB0, 70, 64), Control("cc", 1, 70), 64),
        ((0xBF, 70, 127), Control("cc", 16, 70), 127),
        ((0x92, 36, 100), Control("note", 3, 36), 100),
        ((0x92, 36, 0), Control("note", 3, 36), 0),
        ((0x82, 36, 64), Control("note", 3, 36), 0),
        ((0xC4, 7), Control("program", 5, 7), 127),
        ((0xE0, 0, 64), Control("bend", 1), 8192),
        ((0xE0, 127, 127), Control("bend", 1), TOP["bend"]),
    ],
)
def test_messages_of_a_controller(message, control, raw):
    assert heard(message) == [(control, raw)]


@pytest.mark.parametrize(
    "messages",
    [
        [(0xB0, 70, 127)],
        [(0x90, 36, 127)],
        [(0xE0, 127, 127)],
        [(0xC0, 0)],
        [(0xB0, 5, 127), (0xB0, 37, 127)],
        [(0xB0, 99, 2), (0xB0, 98, 44), (0xB0, 6, 127), (0xB0, 38, 127)],
    ],
)
def test_the_top_is_the_whole(messages):
    decoder = Decoder()
    moved = [each for message in messages for each in decoder.heard(message, 0.0)]
    assert isinstance(moved[-1], Moved)
    assert moved[-1].share == 1


def test_both_halves_of_a_fine_control_are_one_value_when_they_come_together():
    fine = Control("cc14", 1, 5)
    assert heard((0xB0, 5, 100), (0xB0, 37, 3))[-1] == (fine, 100 * 128 + 3)
    apart = heard((0xB0, 5, 100), (0xB0, 37, 3), apart=2 * PAIR)
    assert [control for control, _ in apart] == [Control("cc", 1, 5), Control("cc", 1, 37)]
    assert fine not in dict(heard((0xB0, 5, 100), (0xB1, 37, 3)))  # Of two channels.


def test_a_parameter_number_makes_one_control_of_four():
    chosen = (0xB2, 99, 2), (0xB2, 98, 44)
    control = Control("nrpn", 3, 300)
    assert heard(*chosen, (0xB2, 6, 100), (0xB2, 38, 5)) == [
        (control, 12800),
        (control, 12805),
    ]
    # The fine half alone keeps the coarse one, and a new number forgets it.
    assert heard(*chosen, (0xB2, 6, 100), (0xB2, 38, 5), (0xB2, 38, 9))[-1] == (control, 12809)
    assert heard(*chosen, (0xB2, 6, 100), *chosen, (0xB2, 38, 9))[-1] == (control, 9)
    # Without a number, and once a registered one is chosen, they are controls like others.
    assert heard((0xB2, 6, 100)) == [(Control("cc", 3, 6), 100)]
    assert heard(*chosen, (0xB2, 101, 0), (0xB2, 6, 9)) == [(Control("cc", 3, 6), 9)]
    assert heard(*chosen, (0xB0, 6, 9)) == [(Control("cc", 1, 6), 9)]


def test_the_clock_and_the_place_in_the_song():
    decoder = Decoder()
    said = [decoder.heard((byte,), 1.5) for byte in (0xF8, 0xFA, 0xFB, 0xFC)]
    assert said == [[Beat(what, 1.5)] for what in ("tick", "start", "continue", "stop")]
    assert decoder.heard((0xF2, 16, 0), 0) == [Place(96)]


def test_nothing_that_comes_can_stop_it():
    draw = random.Random(5)
    decoder = Decoder()
    for _ in range(20_000):
        message = [draw.randrange(-2, 300) for _ in range(draw.randrange(5))]
        for each in decoder.heard(message, draw.random()):
            if isinstance(each, Moved):
                assert 0 <= each.share <= 1
    assert decoder.heard((0xB0, 7, 3), 9)[0] == Moved(Control("cc", 1, 7), 3, 9)

from __future__ import annotations

import pytest

from livedream.runtime.control.midi.bindings import Binding
from livedream.runtime.control.midi.decoder import Control, Decoder, Moved
from livedream.runtime.control.midi.learning import learned
from livedream.runtime.control.parameters import parameters

PARAMETERS = parameters({"a": 4, "b": 6})


def cc(number: int, *raws: int) -> list[Moved]:
    return [Moved(Control("cc", 1, number), raw, 0.01 * n) for n, raw in enumerate(raws)]


def test_the_control_that_moved_most_is_the_one_meant():
    trembles, turned = cc(3, 60, 61, 60, 61, 60), cc(9, 40, 50, 60)
    assert learned([*trembles, *turned], PARAMETERS["amount"], None) == Binding(
        Control("cc", 1, 9), "amount", "absolute"
    )
    assert learned([], PARAMETERS["amount"], None) is None


def test_a_pad_beats_what_it_sends_besides():
    pad = Moved(Control("note", 1, 36), 90, 0.0)
    assert learned([*cc(20, 3, 4, 5), pad], PARAMETERS["mirror"], None) == Binding(
        Control("note", 1, 36), "mirror", "press"
    )
    assert learned([pad], PARAMETERS["preset"], 4) == Binding(
        Control("note", 1, 36), "preset", "say", 4
    )


def test_halves_that_meet_by_chance_stay_two_controls():
    decoder, heard = Decoder(), []
    for n in range(20):
        heard += decoder.heard((0xB0, 2, 40 + n), n * 0.02)
    heard += decoder.heard((0xB0, 34, 7), 19 * 0.02)
    binding = learned(heard, PARAMETERS["amount"], None)
    assert binding is not None
    assert binding.control == Control("cc", 1, 2)


def test_both_halves_of_a_fine_fader_are_learned_as_one():
    decoder, heard = Decoder(), []
    for n in range(20):
        for message in ((0xB0, 2, 40 + n), (0xB0, 34, 7 * n)):
            heard += decoder.heard(message, n * 0.02)
    binding = learned(heard, PARAMETERS["amount"], None)
    assert binding is not None
    assert binding.control == Control("cc14", 1, 2)


@pytest.mark.parametrize(
    ("raws", "how"),
    [
        ((1, 1, 1, 1, 2, 1), "relative"),
        ((127, 127, 126, 127, 127), "relative"),
        ((1, 1, 127, 127, 127), "relative"),
        ((1, 1, 65, 65, 65), "relative"),
        ((65, 65, 65, 66, 65), "offset"),
        ((63, 63, 63, 65, 65), "offset"),
        ((3, 4, 5, 6, 7), "absolute"),
        ((64, 65, 66, 67), "absolute"),
        ((127, 125, 120, 118), "absolute"),
        ((127, 0), "press"),
        ((5, 5, 5), "relative"),
        ((8, 8, 8), "relative"),
        ((9, 9, 9), "absolute"),
        ((72, 72, 72), "offset"),
        ((73, 73, 73), "absolute"),
        ((56, 56, 56), "offset"),
        ((55, 55, 55), "absolute"),
        ((120, 120, 120), "relative"),
        ((119, 119, 119), "absolute"),
        ((1, 1), "absolute"),
    ],
)
def test_how_a_control_speaks_is_heard(raws, how):
    binding = learned(cc(9, *raws), PARAMETERS["amount"], None)
    assert binding is not None
    assert binding.how == how

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.gradient.objective import Objective, Term, parse_objective, steering

LAYERS = {"inception3b": 4, "inception4c": 6, "logits": 10}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("inception4c", [Term("inception4c")]),
        ("inception4c:5", [Term("inception4c", 5)]),
        (
            "inception4c*0.7 + inception3b",
            [Term("inception4c", None, 0.7), Term("inception3b")],
        ),
        ("logits:3*-2", [Term("logits", 3, -2)]),
    ],
)
def test_what_is_written_is_read_and_written_again(text, terms):
    objective = parse_objective(text)
    assert objective == Objective(tuple(terms))
    assert parse_objective(str(objective)) == objective


@pytest.mark.parametrize("text", ["", "a+", "a:b", "a*x", "a**2", "3a", "a*1.2.3"])
def test_nonsense_is_told_what_to_write(text):
    with pytest.raises(UsageError, match="write `inception4c`"):
        parse_objective(text)


def test_unknown_layers_and_channels_are_answered_with_right_ones():
    with pytest.raises(UsageError, match="nearest: inception4c"):
        steering(parse_objective("inception4d"), LAYERS)
    with pytest.raises(UsageError, match="channels 0 to 5, not 6"):
        steering(parse_objective("inception4c:6"), LAYERS)


def test_a_layer_is_squared_a_channel_is_linear_the_rest_is_silent():
    inputs = steering(parse_objective("inception4c*0.5+logits:2"), LAYERS)
    assert inputs["inception4c.square"].tolist() == [0.5] * 6
    assert inputs["logits.linear"].tolist() == [0, 0, 10] + [0] * 7
    assert not any(
        inputs[name].any() for name in ("inception4c.linear", "logits.square", "inception3b.square")
    )
    assert all(values.dtype == np.float32 for values in inputs.values())


def test_terms_add_up():
    inputs = steering(parse_objective("inception3b+inception3b*2+logits:1+logits:1"), LAYERS)
    assert inputs["inception3b.square"].tolist() == [3] * 4
    assert inputs["logits.linear"][1] == 20

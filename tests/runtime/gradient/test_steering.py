"""What a graph is told to climb."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.gradient.objective import lerp, parse_objective
from livedream.runtime.gradient.steering import balanced, steering

LAYERS = {"inception3b": 4, "inception4c": 6, "logits": 10}


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


TYPICAL = {"a": (2.0, 8.0), "b": (4.0, 1.0)}


def test_the_terms_of_a_mix_weigh_what_they_say():
    """Each term's weight times its typical gradient is as its weight was."""
    weights = balanced(parse_objective("a+b*3"), TYPICAL)
    moves = [weights["a", None, ""] * 2, weights["b", None, ""] * 4]
    assert moves[1] == pytest.approx(3 * moves[0])
    assert moves[0] + moves[1] == pytest.approx(2 + 3 * 4)  # as much as before, in all
    channels = balanced(parse_objective("a:1+a:2*-1+b"), TYPICAL)
    half = pytest.approx(channels["b", None, ""] / 2)
    assert channels["a", 1, ""] == -channels["a", 2, ""] == half


def test_places_of_a_layer_weigh_what_they_say_too():
    known = {**TYPICAL, "a@center": (6.0, 5.0), "b@match": (3.0, 3.0)}
    weights = balanced(parse_objective("a@center+a:3@center+b@match+b"), known)
    sizes = {("a", None, "center"): 6, ("a", 3, "center"): 5, ("b", None, "match"): 3}
    for part, size in sizes.items():
        assert weights[part] * size == pytest.approx(weights["b", None, ""] * 4)


@pytest.mark.parametrize("text", ["a", "a:3*0.7", "a*0.25+a", "b*0+a*0"])
def test_what_is_no_mix_stays_as_it_is(text):
    objective, layers = parse_objective(text), {"a": 4, "b": 4}
    plain, known = steering(objective, layers), steering(objective, layers, TYPICAL)
    assert all(np.array_equal(plain[name], known[name]) for name in plain)


def test_a_mix_with_a_layer_that_is_not_known_stays_as_it_is():
    objective = parse_objective("a*2+c")
    assert balanced(objective, TYPICAL) == {("a", None, ""): 2, ("c", None, ""): 1}


def test_a_cross_fade_leaves_and_arrives_without_a_step():
    start, end = parse_objective("a"), parse_objective("b:0*2")
    for share, whole in ((1e-9, start), (1 - 1e-9, end)):
        ((part, weight),) = balanced(whole, TYPICAL).items()
        near = balanced(lerp(start, end, share), TYPICAL)
        assert near[part] == pytest.approx(weight)
        assert sum(abs(weight) for other, weight in near.items() if other != part) < 1e-6
    half = balanced(lerp(start, parse_objective("b"), 0.5), TYPICAL)
    assert half["a", None, ""] * 2 == pytest.approx(half["b", None, ""] * 4)

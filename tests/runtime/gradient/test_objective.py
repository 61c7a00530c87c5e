from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.gradient.classes import class_names, class_number
from livedream.runtime.gradient.objective import (
    LARGEST,
    Objective,
    Term,
    at_channel,
    at_layer,
    lerp,
    parse_objective,
)
from livedream.runtime.gradient.steering import steering

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
        ("a*1e-05+b*1e+06", [Term("a", None, 1e-05), Term("b", None, 1e6)]),
        ("a*.5+b*1.", [Term("a", None, 0.5), Term("b")]),
        ("a - 0.5*b:3", [Term("a"), Term("b", 3, -0.5)]),
        ("-a+2*b*3-c*-4", [Term("a", None, -1), Term("b", None, 6), Term("c", None, 4)]),
        ("logits:siamese cat", [Term("logits", 284)]),
        (
            "0.5*logits:Soft-coated Wheaten terrier - logits:jack-o'-lantern -2*a",
            [Term("logits", 202, 0.5), Term("logits", 607, -1), Term("a", None, -2)],
        ),
    ],
)
def test_what_is_written_is_read_and_written_again(text, terms):
    objective = parse_objective(text)
    assert objective == Objective(tuple(terms))
    assert parse_objective(str(objective)) == objective


@pytest.mark.parametrize(
    "text",
    ["", "a+", "a*x", "a--b", "a b", "2*", "a:", "a:3b", "a**2", "3a", "a*1.2.3", "+a", "a*e5"],
)
def test_nonsense_is_told_what_to_write(text):
    with pytest.raises(UsageError, match="write `inception4c`"):
        parse_objective(text)


def test_a_class_has_a_name_and_a_wrong_one_the_nearest():
    for text, says in (("logits:siamese cab", "Siamese cat"), ("block3:cat", "have no names")):
        with pytest.raises(UsageError, match=says):
            parse_objective(text)
    names = class_names()
    assert len(names) == len(set(names)) == 1000
    assert [class_number(name) for name in names] == list(range(1000))
    # Places that everybody who works with ImageNet knows.
    known = {"tench": 0, "golden retriever": 207, "tabby": 281, "banana": 954, "daisy": 985}
    assert {name: class_number(name) for name in known} == known


def test_any_objective_reads_itself_back_exactly():
    random = np.random.default_rng(5)
    for _ in range(300):
        weights = random.choice([-1, 1], 3) * 10 ** random.uniform(-12, 6, 3)
        terms = [Term(f"layer{n}", int(n) if n % 2 else None, w) for n, w in enumerate(weights)]
        objective = Objective(tuple(terms))
        assert parse_objective(str(objective)) == objective


@pytest.mark.parametrize("weight", ["1e7", "1000001", "-1e45", "1e999"])
def test_weights_that_no_sum_can_bear_are_refused(weight):
    with pytest.raises(UsageError, match="weights go from"):
        parse_objective(f"a+b*{weight}")


def test_a_weight_that_is_no_number_is_refused():
    with pytest.raises(UsageError, match="weights go from"):
        parse_objective("a") * float("nan")


def test_objectives_add_and_scale():
    one, other = parse_objective("a*0.5+b:2"), parse_objective("b:2*2+b+a")
    assert str(one + other) == "a*1.5+b:2*3+b"
    assert str(parse_objective("a") + parse_objective("c:1")) == "a+c:1"
    assert parse_objective("b:2+a+b*3").layers == ["b", "a"]
    assert 2 * one == one * 2 == parse_objective("a+b:2*2")
    with pytest.raises(UsageError):
        one * (LARGEST * 10)


def test_lerp_leads_from_one_to_the_other():
    start, end = parse_objective("inception3b+logits:3"), parse_objective("inception3b*3+logits:4")
    assert lerp(start, end, 0) == start
    assert lerp(start, end, 1) == end
    assert str(lerp(start, end, 0.25)) == "inception3b*1.5+logits:3*0.75+logits:4*0.25"
    assert lerp(start, start, 0.1) == start
    half = steering(lerp(start, end, 0.5), LAYERS)
    ends = [steering(each, LAYERS) for each in (start, end)]
    for name in half:
        assert np.allclose(half[name], (ends[0][name] + ends[1][name]) / 2)


def test_another_layer_keeps_the_mix_and_the_kind_of_its_term():
    mix = parse_objective("inception4c*0.5+logits:2")
    assert str(at_layer(mix, "inception3b", LAYERS)) == "inception3b*0.5+logits:2"
    one = parse_objective("inception4c:5*2")
    assert str(at_layer(one, "inception3b", LAYERS)) == "inception3b:3*2"
    with pytest.raises(UsageError, match="nearest: inception3b"):
        at_layer(one, "inception3a", LAYERS)


def test_another_channel_stays_inside_the_layer():
    mix = parse_objective("inception4c*0.5+logits:2")
    assert str(at_channel(mix, 3, LAYERS)) == "inception4c:3*0.5+logits:2"
    assert str(at_channel(mix, 99, LAYERS)) == "inception4c:5*0.5+logits:2"
    assert str(at_channel(mix, -3, LAYERS)) == "inception4c:0*0.5+logits:2"
    assert at_channel(at_channel(mix, 3, LAYERS), None, LAYERS) == mix


def test_unknown_layers_and_channels_are_answered_with_right_ones():
    with pytest.raises(UsageError, match="nearest: inception4c"):
        steering(parse_objective("inception4d"), LAYERS)
    with pytest.raises(UsageError, match="channels 0 to 5, not 6"):
        steering(parse_objective("inception4c:6"), LAYERS)

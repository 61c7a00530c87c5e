from __future__ import annotations

import json

import pytest

from livedream.runtime.control.page.messages import (
    TEXTS,
    WIDTHS,
    Look,
    Nudge,
    Say,
    described,
    playable,
    told,
    understood,
)
from livedream.runtime.control.parameters import parameters
from livedream.runtime.errors import UsageError

ALL = parameters({"a": 4, "b": 8})
OPEN = playable(ALL)


def say(**content: object):
    return understood(json.dumps(content), OPEN)


def test_values_in_their_unit_and_along_the_fader():
    assert say(set={"octaves": 99, "mirror": True}) == Say({"octaves": 12, "mirror": True})
    assert say(set={"layer": "b"}, seconds=2) == Say({"layer": "b"}, 2)
    assert say(share={"step_size": 1, "octaves": 0}) == Say({"step_size": 32.0, "octaves": 1})
    assert say(nudge=["step_size", -1]) == Nudge("step_size", -1)


def test_pictures_come_in_a_few_widths():
    assert [say(look=wanted).width for wanted in (0, 320, 321, 99999)] == [
        WIDTHS[0], WIDTHS[0], WIDTHS[1], WIDTHS[-1],
    ]  # fmt: skip
    assert say(look=-5) == Look(WIDTHS[0])


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "1", "null", "{}", '{"set":{}}', '{"set":[]}', '{"set":{"octaves":NaN}}',
        '{"set":{"octaves":Infinity}}', '{"set":{"octaves":1e999}}', '{"set":{"octaves":[1]}}',
        '{"set":{"octaves":"3"}}', '{"set":{"octaves":null}}', '{"set":{"layer":"nowhere"}}',
        '{"set":{"layers":"a*b*c"}}', '{"set":{"size":"/etc/passwd"}}',
        '{"set":{"picture":"file:///etc/passwd"}}', '{"set":{"nothing":1}}', '{"look":"all"}',
        '{"share":{"step_size":"+"}}', '{"nudge":"octaves"}', '{"nudge":["octaves"]}',
        '{"nudge":[1,1]}', '{"nudge":["octaves",NaN]}', '{"run":"ls"}', b"\xff\xfe\x00", b"\x00",
        '{"set":{"step_size":' + "9" * 4000 + "}}", "[" * 4000, '{"a":' * 1300,
        '{"set":{"octaves":2},"seconds":"x"}', '{"set":{"' + "x" * 3000 + '":1}}',
    ],
)  # fmt: skip
def test_nonsense_is_told_in_one_sentence(text):
    with pytest.raises(UsageError) as told:
        understood(text, OPEN)
    assert len(str(told.value)) < 400


def test_what_moves_nothing_is_not_offered():
    offered = playable(ALL, {"out2", "out3"})
    assert "out1" in offered
    assert offered == {name: each for name, each in OPEN.items() if name not in ("out2", "out3")}


def test_no_page_ends_the_show():
    with pytest.raises(UsageError, match="no 'quit'"):
        say(set={"quit": 1})
    with pytest.raises(UsageError, match="no 'quit'"):
        say(nudge=["quit", 1])


def test_every_text_in_reach_reads_no_file():
    """A new text parameter is out of reach until it is named; what is named refuses a path."""
    assert {name for name, each in OPEN.items() if each.kind == "text"} <= set(TEXTS)
    for name in TEXTS:
        with pytest.raises(UsageError):
            say(set={name: "../../etc/passwd"})


def test_the_page_is_made_from_all_declarations():
    groups = described(OPEN.values())
    names = [each["name"] for group in groups for each in group["parameters"]]
    assert sorted(names) == sorted(OPEN)
    assert len({group["name"] for group in groups}) == len(groups)
    json.dumps(groups, allow_nan=False)


def test_a_number_is_told_with_its_place():
    assert told(OPEN, {"octaves": 12, "mirror": True, "layer": "a"}) == {
        "octaves": [12, 1.0],
        "mirror": True,
        "layer": "a",
    }

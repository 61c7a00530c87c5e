"""What keys mean, from the code that a window reports to what the desk says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livedream.runtime.control import keys
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.keys import binding_for, code_of, plain
from livedream.runtime.control.recipes import RECIPES

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"

STEP = RECIPES["live"].dream.step_size

EFFECTS = {
    "h": ("help", True),
    "n": ("layer", "c"),
    "p": ("layer", "a"),
    "+": ("step_size", STEP + 0.25),
    "-": ("step_size", STEP - 0.25),
    "]": ("octaves", 3),
    "[": ("octaves", 1),
    "0": ("reset", True),
    "Backspace": ("reset", True),
    "Space": ("freeze", True),
    "c": ("compare", True),
    "m": ("mirror", True),
    "f": ("fullscreen", True),
    "i": ("hud", False),
    "o": ("code", True),
    "s": ("snapshot", True),
    "r": ("record", True),
    "q": ("quit", True),
    "Esc": ("quit", True),
    "1": ("preset", 1),
    "9": ("preset", 9),
    "w": ("store", 1),
    "x": ("cut", True),
    "u": ("undo", True),
    "b": ("panic", True),
    "l": ("learn", "strength"),
    ".": ("go", True),
    ",": ("back", True),
    "e": ("auto", True),
    "t": ("tap", True),
    "v": ("source", "wall"),
}
"""Key -> what the desk says after it."""


def test_no_key_does_two_things():
    shown = [key for binding in keys.BINDINGS for key in (*binding.keys, *binding.also)]
    assert len(shown) == len(set(shown))


def documented() -> list[str]:
    """The keys of the table in the documentation."""
    table = PAGE.read_text().split("| key | does |")[1].split("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()[2:]]
    return [key for row in rows for key in re.findall(r"`([^`]+)`", row)]


def test_every_documented_key_moves_the_desk_as_it_says():
    assert sorted(documented()) == sorted(EFFECTS)
    for key, (name, value) in EFFECTS.items():
        begin = {"recipe": "live", "layers": "b"}
        desk = Desk({"a": 4, "b": 4, "c": 4}, begin, sources=("camera", "wall"))
        changes = []
        desk.observe(lambda *change, changes=changes: changes.append(change))
        binding = binding_for(code_of(key))
        assert binding is not None, key
        if binding == keys.LEARN:
            desk.set("learn", "strength", "key")  # What the last key did.
        elif binding.value is None:
            desk.nudge(binding.name, binding.direction, "key")
        else:
            desk.set(binding.name, binding.value, "key")
        assert (name, value, "key") in changes


def test_every_key_has_one_meaning_and_every_name_a_parameter():
    every = [key for binding in keys.BINDINGS for key in (*binding.keys, *binding.also)]
    assert len(every) == len(set(every))
    desk = Desk({"a": 1}, {})
    assert all(binding.name in desk.parameters for binding in keys.BINDINGS)


def test_upper_case_is_the_same_and_no_other_key_does_anything():
    known = {code_of(key) for binding in keys.BINDINGS for key in (*binding.keys, *binding.also)}
    upper = {ord(chr(code).upper()) for code in known}
    assert {code for code in range(128) if binding_for(code)} == known | upper | {127}
    assert all(binding_for(ord(chr(code).upper())) == binding_for(code) for code in known)
    assert binding_for(-1) is None


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (0xFF1B, "\x1b"),
        (0xFF08, "\b"),
        (127, "\b"),  # macOS's Backspace
        (0xFFAB, "+"),  # of the number pad, which begins with * at 0xFFAA ...
        (0xFFAA, "*"),
        (0xFFAD, "-"),
        (0xFFB0, "0"),
        (0xFFB9, "9"),  # ... and ends here
        (ord("N"), "n"),
        (ord("n") | 0x100000, "n"),  # GTK's bits for NumLock and other modifiers
        (0xFF08 | 0x140000, "\b"),
        (ord("N") | 0x10000, "n"),
    ],
)
def test_window_systems_codes_are_the_keys_they_mean(code, key):
    assert plain(code) == ord(key)


@pytest.mark.parametrize("code", [-1, 0x80, 0xE4, 0xFF09, 0xFF52, 0xFFA9, 0xFFBA, 0xFFE1])
def test_arrows_shift_and_letters_beyond_ascii_are_none(code):
    assert plain(code) == -1


def test_keys_of_the_number_pad_and_the_unshifted_ones():
    for code, name, direction in (
        (0xFFAB, "step_size", 1),
        (0xFFAD, "step_size", -1),
        (ord("="), "step_size", 1),
        (0xFFB0, "reset", 1),
    ):
        binding = binding_for(code)
        assert binding is not None
        assert (binding.name, binding.direction) == (name, direction)


@pytest.mark.parametrize(
    ("code", "as_key"),
    [(27, "q"), (8, "0"), (ord("?"), "h"), (ord("="), "+"), (ord("_"), "-"), (ord("}"), "]"),
     (ord("{"), "[")],
)  # fmt: skip
def test_keys_that_do_the_same(code, as_key):
    assert binding_for(code) == binding_for(ord(as_key)) is not None


def test_space_freezes_whatever_it_is_called():
    binding = binding_for(32)
    assert binding
    assert binding.name == "freeze"


def test_closing_the_window_quits():
    assert keys.QUIT.name == "quit"


def test_keys_move_by_one_step():
    assert {abs(binding.direction) for binding in keys.BINDINGS} == {1}


def test_the_table_has_a_head_and_a_row_for_every_binding():
    head, line, *rest = keys.as_markdown().splitlines()
    assert (head, line) == ("| key | does |", "|---|---|")
    assert len(rest) == len(keys.BINDINGS)
    assert rest[-1] == "| `q`, `Esc` | quit |"


def test_the_help_and_the_page_name_every_key_once():
    assert ("q, Esc", "quit") in keys.rows()
    assert keys.as_markdown() in PAGE.read_text()

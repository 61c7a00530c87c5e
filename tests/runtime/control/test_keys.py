"""What OpenCV's window reports for a key, whatever the window system, and the action it means."""

from __future__ import annotations

import pytest

from livedream.runtime.control.keys import BINDINGS, Action, action_for, as_markdown, plain, rows

# From the README's table, and the keys that do the same without Shift.
PROMISED = {
    "h": Action.HELP, "?": Action.HELP, "n": Action.NEXT_LAYER, "p": Action.PREVIOUS_LAYER,
    "+": Action.STEP_SIZE_UP, "=": Action.STEP_SIZE_UP, "-": Action.STEP_SIZE_DOWN,
    "_": Action.STEP_SIZE_DOWN, "]": Action.OCTAVES_UP, "}": Action.OCTAVES_UP,
    "[": Action.OCTAVES_DOWN, "{": Action.OCTAVES_DOWN, "0": Action.RESET, "\b": Action.RESET,
    " ": Action.FREEZE, "c": Action.COMPARE, "m": Action.MIRROR, "f": Action.FULLSCREEN,
    "i": Action.HUD, "s": Action.SNAPSHOT, "r": Action.RECORD, "q": Action.QUIT,
    "\x1b": Action.QUIT,
}  # fmt: skip


@pytest.mark.parametrize("key", PROMISED)
def test_every_promised_key_does_what_it_says_in_either_case(key):
    assert action_for(ord(key)) is PROMISED[key]
    assert action_for(ord(key.upper())) is PROMISED[key]


def test_no_other_key_does_anything():
    keys = {code for code in range(128) if action_for(code)}
    others = {ord("\x7f")} | {ord(key.upper()) for key in PROMISED}
    assert keys == {ord(key) for key in PROMISED} | others
    assert action_for(-1) is None


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


def test_the_help_and_the_readme_name_every_key_once():
    shown = [key for binding in BINDINGS for key in binding.keys]
    assert len(set(shown)) == len(shown)
    assert ("q, Esc", "quit") in rows()
    assert "| `q`, `Esc` | quit |\n" in as_markdown()
    assert [binding.sentence for binding in BINDINGS] == [sentence for _, sentence in rows()]
    assert len(as_markdown().splitlines()) == len(rows()) + 2

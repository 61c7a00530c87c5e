"""Keys that are locked for the public, and a screen without a cursor."""

import os
import subprocess
import sys

from livedream.runtime.control.keys import binding_for
from livedream.runtime.live.window.kiosk import OPEN, TYPING, WORD, Lock


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def typed(lock: Lock, clock: Clock, word: str, each: float = 0.2) -> list[bool]:
    passed = []
    for letter in word:
        clock.now += each
        binding = binding_for(ord(letter))
        assert binding
        passed.append(lock.lets(binding))
    return passed


def test_keys_pass_only_for_a_while_after_the_word():
    clock = Clock()
    lock = Lock(clock)
    assert not any(typed(lock, clock, "qsrchimq" + WORD))
    assert all(typed(lock, clock, "qm"))
    clock.now += OPEN
    assert not any(typed(lock, clock, "q"))


def test_the_word_typed_slowly_or_in_part_opens_nothing():
    clock = Clock()
    lock = Lock(clock)
    assert not any(typed(lock, clock, WORD + "q", TYPING / 4 + 0.1))
    assert not any(typed(lock, clock, WORD[1:] + "q"))


def test_a_real_screen_without_cursor_and_blanking(display):
    program = (
        "from livedream.runtime.live.window.kiosk import QuietScreen\n"
        "screen = QuietScreen(); print(screen.missing); screen.close(); screen.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "DISPLAY": display},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "display" not in done.stdout


def test_without_a_screen_it_says_so():
    program = (
        "from livedream.runtime.live.window.kiosk import QuietScreen; print(QuietScreen().missing)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert "['" in done.stdout

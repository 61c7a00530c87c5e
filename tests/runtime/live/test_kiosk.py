"""Keys that are locked for the public, and a screen without a cursor."""

import os
import subprocess
import sys
import textwrap
import threading
from contextlib import nullcontext
from unittest.mock import MagicMock

import pytest

from livedream.runtime.control.keys import binding_for
from livedream.runtime.errors import TRY_LATER, LivedreamError
from livedream.runtime.live import showing
from livedream.runtime.live.window.kiosk import OPEN, TYPING, WORD, Lock

from ...patience import PATIENCE


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


BLANKING = """
    import ctypes, time
    from livedream.runtime.live.window.kiosk import QuietScreen

    class Info(ctypes.Structure):
        _fields_ = [("window", ctypes.c_ulong), ("state", ctypes.c_int), ("kind", ctypes.c_int),
                    ("left", ctypes.c_ulong), ("idle", ctypes.c_ulong), ("mask", ctypes.c_ulong)]

    x, saver = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXss.so.1")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XDefaultRootWindow.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x.XOpenDisplay(None))
    root = ctypes.c_ulong(x.XDefaultRootWindow(display))

    def blank(within):  # Whether the screen is, or `within` milliseconds after the last touch.
        info = Info()
        while not info.state and info.idle < within:
            time.sleep(0.02)
            saver.XScreenSaverQueryInfo(display, root, ctypes.byref(info))
        return bool(info.state)

    screen = QuietScreen()
    x.XSetScreenSaver(display, 1, 0, 1, 1)  # After a second.
    x.XResetScreenSaver(display)
    print(screen.missing, blank(1200))
    screen.close()
    screen.close()
    print(blank(10000))
"""


def test_a_real_screen_without_cursor_and_blanking(display):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BLANKING)], env={**os.environ, "DISPLAY": display},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    if "cannot open shared object" in done.stderr:
        pytest.skip("not installed: libX11 or libXss")
    assert done.stdout.splitlines() == ["[] False", "True"], done.stderr


def test_without_a_screen_it_says_so():
    program = (
        "from livedream.runtime.live.window.kiosk import QuietScreen; print(QuietScreen().missing)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
        timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert "['" in done.stdout


def test_a_window_that_somebody_closes_is_no_failure_of_the_show(monkeypatch):
    """Alt+F4 three times would make the picture small until night."""
    window = MagicMock(closed=True)
    window.__enter__.return_value = window
    monkeypatch.setattr(showing, "Window", lambda **_: window)
    monkeypatch.setattr(showing, "QuietScreen", MagicMock())
    monkeypatch.setattr(showing, "told_at_its_end", nullcontext)
    presenter = MagicMock()
    presenter.output.take.return_value.dream.shape = (4, 6, 3)
    with pytest.raises(LivedreamError, match="The window was closed") as raised:
        showing.play(presenter, MagicMock(quitting=False), MagicMock(kept=True), threading.Event())
    assert raised.value.exit_code == TRY_LATER

"""A window that fills one of two screens, the pointer hidden; the machine stays awake."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.live.window import monitors as module
from livedream.runtime.live.window.monitors import Monitor, awake, find_monitor

TWO = [Monitor("eDP-1", 0, 0, 1920, 1080), Monitor("HDMI-1", 1920, 0, 1280, 720)]


@pytest.mark.parametrize(("spec", "place"), [("1", 0), ("2", 1), ("HDMI-1", 1), ("edp-1", 0)])
def test_a_screen_is_found_by_place_or_name(spec, place):
    assert find_monitor(spec, TWO) is TWO[place]


@pytest.mark.parametrize("spec", ["0", "3", "HDMI-2", ""])
def test_one_that_is_not_there_is_told(spec):
    with pytest.raises(UsageError, match="this machine has 2, nearest: "):
        find_monitor(spec, TWO)


PROGRAM = """
    import os, sys
    os.environ["DISPLAY"] = sys.argv[1]
    import cv2, mss, numpy as np, subprocess
    from livedream.runtime.live.window import Window
    from livedream.runtime.live.window.monitors import Monitor, find_monitor, monitors
    print(find_monitor("1", monitors()))
    white = np.full((60, 80, 3), 255, np.uint8)
    with Window(image_size=(80, 60), monitor=Monitor("right", 600, 100, 400, 300)) as window:
        for _ in range(30):
            window.show(white + 0)
            window.poll(10)
        print(window.fullscreen, cv2.getWindowImageRect("livedream"))
        subprocess.run(["xdotool", "mousemove", "800", "200"], check=True)
        for _ in range(10):
            window.show(white + 0)
            window.poll(10)
        with mss.MSS(with_cursor=True) as grabber:
            shot = np.asarray(grabber.grab({"left": 650, "top": 150, "width": 300, "height": 200}))
        print(int(shot[..., :3].min()))
"""


def test_the_window_fills_its_screen_and_hides_the_pointer(display):
    pytest.importorskip("mss")
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), display],
        capture_output=True, text=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    assert "width=1000, height=700" in out[0]
    assert out[1] == "True (600, 100, 400, 300)"
    assert out[2] == "255", "a pointer would be dark"


def test_what_keeps_the_machine_awake_ends_with_the_show(monkeypatch):
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            started.append(self)

    monkeypatch.setattr(module, "keeper", lambda pid: ["tail", f"--pid={pid}", "-f", "/dev/null"])
    monkeypatch.setattr(module.subprocess, "Popen", Noted)
    with awake():
        assert started[0].poll() is None
    assert started[0].poll() is not None
    monkeypatch.setattr(module, "keeper", lambda pid: [])
    with awake():
        assert len(started) == 1

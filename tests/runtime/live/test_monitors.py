"""A window that fills one of two screens, the pointer hidden; the machine stays awake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.live.window import monitors as module
from livedream.runtime.live.window.monitors import Monitor, awake, find_monitor, keeper, sleeps

from ...patience import PATIENCE

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
    from livedream.runtime.live.window.monitors import find_monitor, monitors
    white = np.full((60, 80, 3), 255, np.uint8)
    subprocess.run(["xdotool", "mousemove", "800", "200"], check=True)
    with Window(image_size=(80, 60), monitor=find_monitor("2", monitors())) as window:
        for _ in range(40):
            for _ in range(10):
                window.show(white + 0)
                window.poll(10)
            with mss.MSS(with_cursor=True) as grabber:
                shot = np.asarray(grabber.grab(grabber.monitors[0]))[..., :3].min(2)
            filled = bool((shot[:300, 600:] == 255).all())
            if filled:
                break
        print(window.fullscreen, cv2.getWindowImageRect("livedream"))
    print(filled, (shot[:, :600] == 0).all(), (shot[300:] == 0).all())
"""


@pytest.mark.parametrize("manager", ["", "openbox"])
def test_the_window_fills_the_second_screen_and_hides_the_pointer(display, manager):
    """Of two that one X server has side by side: 600x700 and 400x300 to the right of it."""
    pytest.importorskip("mss")
    missing = [tool for tool in ("xrandr", "xsetroot", manager) if tool and not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    environment = {**os.environ, "DISPLAY": display}
    for place in (
        ["left", "600/150x700/150+0+0", "screen"],
        ["right", "400/100x300/100+600+0", "none"],
    ):
        subprocess.run(
            ["xrandr", "--setmonitor", *place], env=environment, check=True, capture_output=True
        )
    subprocess.run(["xsetroot", "-solid", "black"], env=environment, check=True)
    # Asked for and not waited for: it may come before the window or after it.
    managing = (
        subprocess.Popen([manager], env=environment, stderr=subprocess.DEVNULL) if manager else None
    )
    try:
        # Without a manager Qt sometimes never learns that its window can be seen.
        for _ in range(5):
            out = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(PROGRAM), display],
                capture_output=True, text=True, timeout=PATIENCE,
            ).stdout.splitlines()  # fmt: skip
            if out[1].startswith("True"):
                break
    finally:
        if managing:
            managing.terminate()
            managing.wait(PATIENCE)
    assert out[0] == "True (600, 0, 400, 300)"
    assert out[1] == "True True True", "a frame or a pointer would be dark, a taskbar bright"


def test_the_machine_sleeps_again_once_a_show_was_killed(tmp_path, monkeypatch):
    """By a stand-in for systemd-inhibit, which cannot be had without systemd: it does what it is
    asked to and notes how."""
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux's way")
    told = tmp_path / "told"
    stand_in = tmp_path / "systemd-inhibit"
    stand_in.write_text(f'#!/bin/sh\necho "$1" > {told}\nshift 3\nexec "$@"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert sleeps() is None
    show = subprocess.Popen(["sleep", "60"])
    keeping = subprocess.Popen(keeper(show.pid))
    show.kill()
    show.wait(PATIENCE)
    assert keeping.wait(PATIENCE) == 0
    assert told.read_text() == "--what=idle:sleep\n"
    stand_in.write_text("#!/bin/sh\necho Failed to connect to bus >&2\nexit 1\n")
    assert sleeps() == "systemd-inhibit: Failed to connect to bus"


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

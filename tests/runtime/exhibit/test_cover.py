"""What lies over the screen between two shows, on a real X server."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from livedream.runtime.exhibit.cover import NAME, Cover

from ...patience import until

mss = pytest.importorskip("mss")

WINDOW = """import cv2, numpy as np, sys
cv2.namedWindow("w", cv2.WINDOW_NORMAL)
cv2.moveWindow("w", 0, 0)
cv2.resizeWindow("w", 900, 600)
while True:
    cv2.imshow("w", np.full((60, 90, 3), (0, 0, 200), np.uint8))
    cv2.waitKey(50)
"""


def middle(display: str) -> tuple[int, int, int]:
    """The colour, BGR, of a place of the screen."""
    with mss.MSS(display=display) as camera:
        picture = np.asarray(camera.grab({"left": 400, "top": 250, "width": 40, "height": 40}))
    return tuple(int(value) for value in picture[20, 20, :3])


def is_there(display: str) -> bool:
    found = ["xdotool", "search", "--onlyvisible", "--name", NAME.decode()]
    done = subprocess.run(found, env={**os.environ, "DISPLAY": display}, capture_output=True)
    return done.returncode == 0


def test_a_show_that_is_gone_leaves_its_last_picture(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    cover = Cover()
    try:
        cover.say("over")
        until(lambda: is_there(display))  # In an exhibit it is long before any show.
        show = subprocess.Popen([sys.executable, "-c", WINDOW], stderr=subprocess.DEVNULL)
        cover.say("under")
        until(lambda: middle(display)[2] == 200)
        time.sleep(2)  # It copies the screen twice.
        show.kill()
        show.wait()
        for _ in range(20):
            assert middle(display)[2] == 200
            time.sleep(0.05)
        cover.say("over")
        time.sleep(0.2)
        assert middle(display)[2] == 200
        cover.say("black")
        until(lambda: middle(display) == (0, 0, 0))
    finally:
        cover.close()


def test_a_cover_that_fails_is_nobodys_trouble(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":9876")
    cover = Cover()
    for word in ("over", "under", "black"):
        cover.say(word)
        time.sleep(0.2)
    cover.close()
    cover.close()

"""The real program goes from one source to another because a controller says so."""

from __future__ import annotations

import json
import socket
import time

import av
import cv2
import numpy as np
import pytest

from ...patience import PATIENCE
from ..conftest import plays

pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from ..control.remote import Remote, free_port


def test_listed_sources_are_played_and_others_are_not(start, tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((90, 160, 3), (30, 60, 200), np.uint8))
    (tmp_path / "gone.mp4").touch()
    port = free_port(socket.SOCK_DGRAM)
    child = start("--osc", f":{port}", "--source", "wall.png", "--source", "gone.mp4")
    plays(child)
    (tmp_path / "gone.mp4").unlink()
    with Remote(port) as remote:

        def tells(words: str) -> str:
            assert child.stderr
            return next(line for line in child.stderr if words in line)

        remote.hears("source", "demo")
        remote.say("source", str(tmp_path / "wall.png"))  # It is listed by its name alone.
        remote.say("source", "wall.png", 0.2)
        tells("There is no source")
        remote.hears("source", "wall.png")
        playing = ""
        while "Still playing: wall.png" not in playing:  # It may not have been open yet.
            remote.say("source", "wall.png", 0.2)
            time.sleep(0.2)
            remote.say("source", "gone.mp4")
            playing = tells("There is no file gone.mp4")
        remote.hears("source", "wall.png")  # The desk goes back to what plays.
        remote.say("quit")
    assert child.wait(PATIENCE) == 0
    assert json.loads((tmp_path / "stats.json").read_text())["source"] == "picture wall.png: 160x90"
    with av.open(str(tmp_path / "take.mp4")) as video:
        sizes = {(frame.width, frame.height) for frame in video.decode(video=0)}
    assert len(sizes) == 1, "another size closes no recording"

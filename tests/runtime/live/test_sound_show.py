"""`livedream run --record-sound`: the pictures of a clip tell by their grey when its clicks are."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from ...patience import PATIENCE
from ..conftest import plays
from ..sinks.test_recorded_sound import flashes_and_clicks
from .test_clip_sound import flashing

ASKED = ("--record-sound", "--record-quality", "edit", "--amount", "0", "--flash-limit", "off")
FPS, STEP = 25, 8


def assert_together(path: Path) -> None:
    """Whatever pictures a busy machine left out."""
    with av.open(str(path)) as container:
        shown = [
            (frame.time or 0.0, float(frame.to_ndarray(format="bgr24").mean()))
            for frame in container.decode(video=0)
        ]
    # When the second of each began, which may be later as the clip waits for a busy machine.
    begun = np.array([at - grey / STEP / FPS for at, grey in shown])
    times = np.array([at for at, _ in shown])
    _, clicks = flashes_and_clicks(path)
    assert len(clicks)
    for click in clicks:
        near = np.abs(times - click) < 0.15
        if near.any():
            off = (begun[near] - click + 0.5) % 1 - 0.5
            assert abs(np.median(off)) < 0.04
    assert (np.abs(times[:, None] - clicks) < 0.15).any()


@pytest.fixture
def clip(tmp_path) -> str:
    flashing(tmp_path / "in.mov", 2, fps=FPS, level=lambda second, number: STEP * number)
    return "in.mov"


def test_a_show_is_recorded_with_the_sound_of_its_clip(start, tmp_path, clip):
    child = start(*ASKED, source=clip, record="take.mkv")
    assert child.wait(PATIENCE) == 0
    assert_together(tmp_path / "take.mkv")
    (sink,) = json.loads((tmp_path / "stats.json").read_text())["sinks"]
    assert (sink["name"], sink["state"]) == ("take.mkv", "open")
    assert sink["sent"]
    assert sink["age_ms"]["count"] >= sink["sent"] - 1  # It is being written meanwhile.


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no open file")
def test_a_show_that_is_killed_leaves_what_was_recorded_with_its_sound(start, tmp_path, clip):
    child = start(*ASKED, "--loop", source=clip, record="take.mkv")
    plays(child, 0)
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "take.mkv").exists() and time.monotonic() < end:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert_together(tmp_path / "take.mkv")
    assert not list(tmp_path.glob(".take*"))

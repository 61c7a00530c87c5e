"""Recordings that follow each other, as real files."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.sinks.episodes import Episodes
from livedream.runtime.sinks.recording import Recorder


def wrote(path: Path, size: int, age: int) -> None:
    path.write_bytes(bytes(size))
    os.utime(path, (1e9 - age, 1e9 - age))


@pytest.mark.parametrize(
    ("most", "left"),
    [
        (None, {"a-unfinished-0f.mp4", "a.mp4", "a-2.mp4", "a-3.mp4"}),
        (650.0, {"a.mp4", "a-2.mp4", "a-3.mp4"}),
        (450.0, {"a-2.mp4", "a-3.mp4"}),
        (350.0, {"a-2.mp4"}),
        (10.0, {"a-2.mp4"}),  # The newest one, in use or not.
    ],
)
def test_the_oldest_go_where_there_are_too_many(tmp_path, most, left):
    for name, age in (("a-unfinished-0f.mp4", 4), ("a.mp4", 3), ("a-3.mp4", 2), ("a-2.mp4", 1)):
        wrote(tmp_path / name, 200, age)
    others = {"a-b.mp4", "a.webm", "b.mp4", "xa-2.mp4"}
    for name in others:
        wrote(tmp_path / name, 10_000, 9)
    Episodes(tmp_path / "a.mp4", Recorder, most=most).tidy()
    assert {path.name for path in tmp_path.iterdir()} == left | others


def test_a_name_is_taken_at_once_and_given_back_where_nothing_begins(tmp_path):
    with Episodes(tmp_path / "a.mp4", Recorder).begin():
        assert (tmp_path / "a.mp4").exists()
    assert not (tmp_path / "a.mp4").exists()

    def missing(path: Path) -> Recorder:
        raise LivedreamError("There is no encoder.")

    with pytest.raises(LivedreamError, match="no encoder"):
        Episodes(tmp_path / "a.mp4", missing).begin()
    assert not (tmp_path / "a.mp4").exists()


def test_each_takes_a_name_that_nobody_has(tmp_path):
    episodes = Episodes(tmp_path / "a.mp4", Recorder, seconds=1.0)
    picture = np.zeros((32, 32, 3), np.uint8)
    for name in ("a.mp4", "a-2.mp4", "a-3.mp4"):
        with episodes.begin() as recorder:
            assert recorder.path.name == name
            for number in range(4):
                assert not episodes.over(recorder)
                recorder.write(picture, number / 2)
                if number == 1:
                    break
            recorder.write(picture, 1.1)
            assert episodes.over(recorder)
        with av.open(str(recorder.path)) as video:
            assert sum(1 for _ in video.decode(video=0)) == 3

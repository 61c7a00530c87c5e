"""How a show's takes begin and follow each other, as real files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from livedream.runtime.control.desk import Desk
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.live.notice import Notice
from livedream.runtime.live.takes import Recordings, Takes


@pytest.mark.parametrize(
    "wrong",
    [{"minutes": 1.0}, {"path": Path("a.mp4"), "gigabytes": 1.0}, {"gigabytes": 1.0}],
)
def test_minutes_need_a_path_and_gigabytes_both(wrong):
    with pytest.raises(UsageError, match=r"--record-minutes needs --record OUT\.mp4"):
        Recordings(**wrong)


def test_what_a_show_recorded_before_it_began_again_stays(tmp_path):
    assert Recordings().first(overwrite=False, again=True) is None
    path = tmp_path / "a.mp4"
    path.write_bytes(b"of the last time")
    recordings = Recordings(path)
    again = recordings.first(overwrite=True, again=True)
    assert again is not None
    assert again.path.name == "a-2.mp4"
    again.close()
    with pytest.raises(UsageError, match="already"):
        recordings.first(overwrite=False, again=False)
    over = recordings.first(overwrite=True, again=False)
    assert over is not None
    assert over.path == path
    over.close()


@pytest.mark.parametrize(("minutes", "name"), [(1.0, "a-2.mp4"), (None, "livedream-")])
def test_a_take_that_is_asked_for_is_an_episode_where_there_are_some(
    tmp_path, monkeypatch, minutes, name
):
    monkeypatch.chdir(tmp_path)
    Path("a.mp4").touch()
    with Recordings(Path("a.mp4"), minutes=minutes).begin() as take:
        assert take.path.name.startswith(name)


def test_the_next_episode_takes_the_pictures_where_one_is_over(tmp_path):
    desk = Desk({"a": 4}, {})
    recordings = Recordings(tmp_path / "a.mp4", minutes=1 / 60)
    first = recordings.first(overwrite=False, again=False)
    assert first is not None
    notice = Notice(Console(file=io.StringIO()))
    takes = Takes(desk, notice, recordings.begin, first, recordings.episodes)
    assert desk.base["record"]
    picture = np.zeros((32, 32, 3), np.uint8)
    for seconds in (0.0, 0.5, 1.1):
        assert takes.recorder is first
        first.write(picture, 10.0 + seconds)
        takes.attend(True)
    second = takes.recorder
    assert second is not None
    second.write(picture, 11.2)
    takes.attend(False)
    takes.close()
    assert not desk.base["record"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "a-2.mp4"}
    assert (first.written, second.written) == (3, 1)
    assert takes.trouble is None


def test_where_the_next_episode_cannot_begin_the_one_that_there_is_goes_on(tmp_path):
    said = io.StringIO()
    recordings = Recordings(tmp_path / "a.mp4", minutes=1)
    first = recordings.first(overwrite=False, again=False)
    assert first is not None

    class Full:
        def over(self, recorder) -> bool:
            return True

        def begin(self):
            raise LivedreamError("The disk is full.")

    takes = Takes(Desk({"a": 4}, {}), Notice(Console(file=said)), recordings.begin, first, Full())  # pyright: ignore[reportArgumentType]
    for _ in range(2):
        takes.attend(True)
        assert takes.recorder is first
    assert str(takes.trouble) == "The disk is full."
    assert said.getvalue().count("The disk is full.") == 1
    takes.close()

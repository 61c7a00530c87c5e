"""A clip's times: when each frame is due, what is late, and how it is let go."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources import base, clip
from livedream.runtime.live.sources.base import Drawn
from livedream.runtime.live.sources.clip import QUICKEST, Clip
from livedream.runtime.pauses import Pauses

from ...patience import PATIENCE
from .test_sources import make_clip


class Clock:
    """In place of the module `time`: stands until it is told."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(clip, "time", clock)
    return clock


def opened(path: Path, **how) -> Clip:
    """A clip of six frames at 25 a second, that waits for nothing."""
    source = Clip(str(make_clip(path / "a.mp4")), **how)
    source._stop.wait = lambda timeout=None: source._stop.is_set()
    return source


def is_open(path: Path) -> bool:
    links = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))
    return any(link.is_symlink() and os.readlink(link) == str(path) for link in links)


def test_frames_bear_the_time_at_which_they_are_due_through_every_round(tmp_path, clock):
    source = opened(tmp_path, loop=True)
    times = []
    for _ in range(14):
        frame = source.read()
        assert frame is not None
        times.append(frame.time)
    assert np.diff(times) == pytest.approx([0.04] * 13)
    assert times[0] == clock.now
    assert source.cost == 0  # by this clock


def test_as_fast_as_they_decode_nothing_waits_and_they_bear_the_time_of_reading(tmp_path, clock):
    source = opened(tmp_path, paced=False)

    def wait(timeout=None):
        raise AssertionError("it waited")

    source._stop.wait = wait
    for _ in range(6):
        clock.now += 3
        frame = source.read()
        assert frame is not None
        assert frame.time == clock.now


def test_each_frame_is_waited_for_until_it_is_due(tmp_path, clock):
    source = opened(tmp_path)
    waits = []
    source._stop.wait = lambda timeout=None: bool(waits.append(timeout))
    for _ in range(6):
        source.read()
        clock.now += 0.01
    assert waits == pytest.approx([0, 0.03, 0.06, 0.09, 0.12, 0.15])


def test_a_picture_that_is_drawn_is_counted_and_costs_what_it_took(monkeypatch):
    class Grey(Drawn):
        def picture(self, index: int) -> np.ndarray:
            return np.full((2, 2, 3), index, np.uint8)

    ticks = itertools.count(0, 7)
    monkeypatch.setattr(base, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    source = Grey(None)
    assert not source.live  # it waits until somebody wants its pictures
    assert source.cost == 0
    for index in range(3):
        frame = source.read()
        assert frame is not None
        assert (frame.index, frame.image[0, 0, 0], source.cost) == (index, index, 7)
        assert frame.time == 14 * index  # before it was drawn
    source.close()
    assert source.read() is None


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_clip_without_frames_is_refused_and_let_go(tmp_path):
    path = make_clip(tmp_path / "none.mp4")
    content = path.read_bytes()
    begin, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    path.write_bytes(content[:begin] + bytes(end - begin) + content[end:])
    with pytest.raises(LivedreamError, match="holds no frame that can be read"):
        Clip(str(path))
    assert not is_open(path)


def test_a_little_late_is_caught_up_and_more_plays_on_from_there(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(clip, "PATIENCE", 0.1)
    source = opened(tmp_path)
    due = []
    for at, now in ((0, 0), (0.04, 0.05), (0.08, 0.17), (0.12, 0.23), (0.16, 0.24)):
        clock.now = 100 + now
        due.append(source._due(at) - 100)
    assert due == pytest.approx([0, 0.04, 0.08, 0.23, 0.27])


def test_frames_at_one_moment_or_before_it_come_one_after_the_other(tmp_path, clock):
    source = opened(tmp_path)
    due = [source._due(at) for at in (0, 0.5, 0.5, 0.4)]
    assert np.diff(due) == pytest.approx([0.5, QUICKEST, QUICKEST])


def test_what_a_frame_cost_is_known(tmp_path, monkeypatch):
    ticks = itertools.count(0, 7)
    monkeypatch.setattr(clip, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    source = opened(tmp_path)
    assert source.cost == 0
    source.read()
    assert source.cost == 7


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_closing_lets_the_file_go(tmp_path):
    source = opened(tmp_path)
    assert is_open(tmp_path / "a.mp4")
    source.close()
    assert not is_open(tmp_path / "a.mp4")
    assert source.read() is None


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_closing_waits_for_no_reader_who_then_lets_the_file_go(tmp_path):
    source = opened(tmp_path)
    with source._lock:  # as a reader whose server does not answer
        closing = threading.Thread(target=source.close, daemon=True)
        closing.start()
        closing.join(PATIENCE)
        assert not closing.is_alive()
        assert is_open(tmp_path / "a.mp4")
        assert source._following() is None or True
    assert not is_open(tmp_path / "a.mp4")
    closing = threading.Thread(target=source.close, daemon=True)
    closing.start()
    closing.join(PATIENCE)
    assert not closing.is_alive()


def test_a_loop_tells_once_that_its_file_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "Pauses", lambda: Pauses(0.001, 0.001))
    told: list[str] = []
    source = opened(tmp_path, loop=True, on_event=told.append)
    tries = []

    def wait(timeout=None):
        tries.append(timeout)
        if len(tries) == 20:
            (tmp_path / "away.mp4").rename(tmp_path / "a.mp4")
        return False

    for _ in range(6):
        source.read()
    (tmp_path / "a.mp4").rename(tmp_path / "away.mp4")
    tries.clear()
    source._stop.wait = wait
    assert source.read() is not None
    assert [text.partition("a.mp4 ")[2] for text in told] == [
        "cannot be opened again, retrying", "is back",
    ]  # fmt: skip


def test_a_clip_of_unknown_length_breaks_off_where_reading_fails(tmp_path):
    class Broken:
        length = 0.0

        def __init__(self, error: Exception | None) -> None:
            self.error = error

        def __iter__(self):
            yield np.zeros((4, 4, 3), np.uint8), 0.5
            if self.error:
                raise self.error

    told: list[str] = []
    source = opened(tmp_path, on_event=told.append)
    assert len(list(source._readable(Broken(None)))) == 1  # pyright: ignore[reportArgumentType]
    assert told == []
    assert len(list(source._readable(Broken(OSError())))) == 1  # pyright: ignore[reportArgumentType]
    assert told == [f"{tmp_path / 'a.mp4'} breaks off after 0.5 s"]

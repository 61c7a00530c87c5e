"""What a show says and does beside the dream, with a real loop and real files, without a window."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from rich.console import Console

from livedream.runtime.control.keys import binding_for
from livedream.runtime.control.player import Player
from livedream.runtime.control.shelf import Looks
from livedream.runtime.errors import LivedreamError
from livedream.runtime.live import controls as module
from livedream.runtime.live.controls import STALE, Controls
from livedream.runtime.live.notice import STAYS, Notice
from livedream.runtime.live.presenter import Presenter, Shown
from livedream.runtime.live.takes import Takes
from livedream.runtime.live.window import hud
from livedream.runtime.sinks import named
from livedream.runtime.sinks.outputs import Outputs
from livedream.runtime.stats import Stats
from livedream.runtime.store.settings import read_settings

from ...patience import PATIENCE, until
from ..sinks.sinks import Noted
from .test_loop import Film, Network, Setting

CANVAS = np.full((600, 900, 3), 90, np.uint8)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A show that plays, its controls, and what is written on screen and on the console."""

    def __init__(self, show: Setting, written: list[str]) -> None:
        self.show, self.written = show, written
        self.clock = Clock()
        self.console = io.StringIO()
        self.messages: list[str] = []
        console = Console(file=self.console, width=300)
        self.notice = Notice(console, self.clock)
        self.presenter = Presenter(show.capture.shown, show.dreaming.output, show.desk, show.stats)
        self.presenter.start()
        self.player = Player(show.desk, Looks(Network.layers), self.notice)
        self.outputs = Outputs((), self.notice)
        self.takes = Takes(show.desk, self.notice)
        self.controls = Controls(
            show.desk,
            show.dreaming,
            self.presenter,
            self.player,
            self.outputs,
            self.takes,
            self.messages,
            self.notice,
        )

    def press(self, key: str) -> None:
        binding = binding_for(ord(key))
        assert binding
        self.controls.press(binding)
        self.controls.attend()

    def texts(self, stats: Stats | None = None) -> list[str]:
        """What the overlay writes."""
        self.written.clear()
        self.controls.overlay(CANVAS, stats or Stats(clock=self.clock))
        return list(self.written)

    def see(self) -> Shown:
        newest = self.presenter.output.take(PATIENCE)
        assert newest is not None
        self.controls.picture(newest)
        return newest


@pytest.fixture
def stage(tmp_path, monkeypatch) -> Iterator[Stage]:
    monkeypatch.chdir(tmp_path)
    written: list[str] = []
    put = cv2.putText

    def spy(image, text, *more):
        written.append(text)
        return put(image, text, *more)

    monkeypatch.setattr(hud.cv2, "putText", spy)
    with Setting(Film(10**9)) as show:
        yield Stage(show, written)


def test_the_numbers_are_of_the_dream_on_screen(stage):
    stats = Stats(clock=stage.clock)
    for _ in range(5):
        stats.shown(0.061, 0.25)
        stats.frame()
        stage.clock.now += 0.125
    assert stage.texts(stats) == []  # Nothing is dreamt yet.
    stage.see()
    stage.show.desk.fade({"step_size": 9, "octaves": 2}, "osc", 0)
    assert stage.texts(stats) == [
        "8.0 fps   61 ms",
        "a",
        "quick  40x32",
        "dream 8.0/s  250 ms  40x32",
        "step 1.5  octaves 1",
    ]
    stage.press(" ")
    assert stage.texts(stats)[0].endswith("frozen")
    stage.press("i")
    assert stage.texts(stats) == []
    stage.press("h")
    assert "show or hide this help" in stage.texts(stats)


def test_what_is_left_out_to_hold_the_rate_is_told(stage):
    stage.see()
    stats = Stats(clock=stage.clock)
    assert stage.controls.told(stats)["held"] == ""
    stage.show.desk.fade({"hold": 1}, "osc", 0)
    until(lambda: stage.show.dreaming.governor._last is not None)
    stage.show.dreaming.governor._go(1)
    assert stage.controls.told(stats)["held"] == "octaves in turn"
    assert "octaves in turn" in stage.texts(stats)


def test_the_pages_address_is_shown_to_be_scanned(stage):
    stage.press("o")
    assert "--page lan" in stage.notice.text
    assert not stage.show.desk.base["code"]
    stage.controls.code = np.eye(25, dtype=bool)
    stage.press("o")
    shown = stage.controls.overlay(CANVAS, Stats(clock=stage.clock))
    assert (shown == 0).any()
    assert (shown == 255).any()
    stage.press("o")
    assert not (stage.controls.overlay(CANVAS, Stats(clock=stage.clock)) == 0).all(axis=2).any()


def test_the_picture_is_the_dream_or_both_side_by_side(stage):
    newest = stage.see()
    assert stage.controls.picture(newest) is newest.dream
    stage.press("c")
    while (both := stage.controls.picture(newest)) is newest.dream:
        newest = stage.see()
    width = both.shape[1]
    assert np.array_equal(both[:, : width // 2], newest.picture[:, : width // 2])
    assert np.array_equal(both[:, width // 2 + 1 :], newest.dream[:, width // 2 + 1 :])
    assert stage.controls.picture(newest) is both


def test_a_key_at_the_end_of_the_range_says_so(stage):
    stage.press("[")
    assert stage.notice.text == "octaves is at the end of its range."
    stage.press("v")
    assert stage.notice.text == "There is no other source."
    stage.clock.now += STAYS
    news = []
    stage.show.desk.observe(lambda *change: news.append(change))
    stage.press("]")
    stage.press("m")
    assert stage.notice.text == ""
    assert news == [("octaves", 2, "key"), ("mirror", True, "key")]


def test_a_notice_stays_a_while_on_screen_and_for_good_on_the_console(stage):
    stage.see()
    stage.notice("It rains.")
    stage.clock.now += STAYS - 0.01
    assert "It rains." in stage.texts()
    stage.clock.now += 0.01
    assert "It rains." not in stage.texts()
    assert stage.console.getvalue() == "It rains.\n"


def test_the_last_word_of_a_source_is_shown_while_no_picture_comes(stage, monkeypatch):
    stage.messages[:] = ["The camera is lost."]
    assert stage.texts() == []  # No picture came yet.
    newest = stage.see()
    monkeypatch.setattr(module.time, "monotonic", lambda: newest.time + STALE)
    assert "The camera is lost." not in stage.texts()
    monkeypatch.setattr(module.time, "monotonic", lambda: newest.time + STALE + 0.01)
    assert "The camera is lost." in stage.texts()
    stage.notice("Saved.")
    assert "Saved." in stage.texts()
    stage.clock.now += STAYS
    stage.messages.clear()
    shown = stage.texts()
    stage.show.switcher._doing = "b: tracing 10%"
    assert stage.texts() == [*shown, "b: tracing 10%"]


def test_quit_is_a_wish_of_whoever_says_it(stage):
    stage.controls.attend()
    assert not stage.controls.quitting
    stage.show.desk.set("quit", 1, "osc")
    stage.controls.attend()
    assert stage.controls.quitting


def test_a_snapshot_is_the_dream_on_screen_with_its_settings(stage):
    stage.press("s")
    assert list(Path().iterdir()) == []  # Nothing is dreamt yet.
    newest = stage.see()
    stage.press("s")
    (path,) = Path().glob("*.png")
    assert np.array_equal(cv2.imread(str(path)), newest.dream)
    assert read_settings(path)["step_size"] == 1.5
    assert stage.notice.text == f"Saved {path}"


def test_a_snapshot_that_cannot_be_written_is_told_and_the_show_goes_on(stage, monkeypatch):
    stage.see()

    def full(*_):
        raise LivedreamError("No space left.")

    monkeypatch.setattr(module, "save_snapshot", full)
    stage.press("s")
    assert stage.notice.text == "No space left."
    assert stage.show.next() is not None


def test_r_begins_and_ends_a_recording_of_what_is_dreamt(stage):
    stage.see()
    stage.press("r")
    recorder = stage.takes.recorder
    assert recorder
    assert stage.notice.text == f"Recording {recorder.path}"
    until(lambda: recorder.written > 3)
    assert any(text.strip().startswith("REC 0") for text in stage.texts())
    stage.press("r")
    assert stage.takes.recorder is None
    assert stage.show.dreaming.listener is None
    assert stage.notice.text == recorder.summary
    with av.open(str(recorder.path)) as video:
        assert sum(1 for _ in video.decode(video=0)) == recorder.written
    assert stage.takes.trouble is None


def test_an_exhibit_keeps_no_picture_of_anybody(stage):
    stage.controls.stores = False
    stage.see()
    stage.press("s")
    stage.press("r")
    assert stage.takes.recorder is None
    assert not stage.show.desk.base["record"]
    assert "keeps no picture" in stage.notice.text
    kept = []
    stage.player.shelf.keep = lambda *preset: kept.append(preset) or "Stored"
    stage.show.desk.set("store", 3, "page")
    stage.controls.attend()
    ((_, _, thumbnail),) = kept
    assert thumbnail is None
    assert list(Path().iterdir()) == []


def test_the_end_finishes_a_recording(stage):
    stage.press("r")
    recorder = stage.takes.recorder
    assert recorder
    until(lambda: recorder.written > 0)
    stage.takes.close()
    stage.takes.close()
    assert recorder.saved
    assert not stage.show.desk.base["record"]


def test_a_recording_that_cannot_begin_is_told_and_the_show_goes_on(stage):
    def missing():
        raise LivedreamError("This FFmpeg has no encoder.")

    stage.takes.begin = missing
    stage.press("r")
    assert stage.takes.recorder is None
    assert not stage.show.desk.base["record"]
    assert stage.notice.text == str(stage.takes.trouble) == "This FFmpeg has no encoder."


def test_a_recording_that_fails_is_let_go_of_and_the_show_goes_on(stage):
    stage.press("r")
    recorder = stage.takes.recorder
    assert recorder

    def broken(*_):
        raise LivedreamError("The disk is full.")

    recorder.write = broken
    until(lambda: stage.takes.recorder is None)
    assert str(stage.takes.trouble) == "The disk is full."
    assert stage.notice.text == "The disk is full."
    stage.controls.attend()
    assert stage.takes.recorder is None  # The desk knows, so that it does not begin again.
    assert stage.show.next() is not None
    recorder.close()


def test_a_digit_recalls_and_after_w_it_stores_what_is_played(stage):
    stage.see()
    stage.show.desk.set("strength", 7, "osc", 0)
    stage.press("w")
    assert "which preset" in stage.notice.text
    stage.press("5")
    kept = stage.player.shelf.presets[5]
    assert kept.values["strength"] == 7
    stage.press("7")
    assert stage.show.desk.base["strength"] == 32
    assert stage.notice.text == "7 Silverpoint"
    assert "7 Silverpoint" in stage.texts()
    stage.press("5")
    assert stage.show.desk.base["strength"] == 7
    stage.press("w")
    stage.press("i")  # Any other key calls storing off, and does what it always does.
    stage.press("7")
    assert not stage.show.desk.base["hud"]
    assert stage.show.desk.base["strength"] == 32


def test_sinks_are_opened_and_shut_by_the_desk_while_it_plays(stage, monkeypatch):
    made: dict[str, Noted] = {}

    def noted(rest: str) -> Noted:
        return made.setdefault(rest, Noted())

    monkeypatch.setitem(named.KINDS, "noted", noted)
    stage.outputs.specs = ("noted:1", "noted:2")
    unnamed = {f"out{number}" for number in range(3, 9)}
    assert stage.controls.idle == {*unnamed, "slide_seconds", "slide_fade"}
    stage.controls.slides = True
    assert stage.controls.idle == unnamed
    stage.show.desk.set("out2", 0, "osc")
    stage.controls.attend()
    made["1"].wait(3)
    assert set(made) == {"1"}
    newest = stage.see()
    made["1"].wait(len(made["1"].got) + 1)
    assert made["1"].got[-1][0].shape == newest.dream.shape
    assert [text for text in stage.texts() if text.startswith("noted ")]
    stage.show.desk.set("out2", 1, "osc")
    stage.show.desk.set("out1", 0, "osc")
    stage.controls.attend()
    made["2"].wait(1)
    until(lambda: made["1"].closed)
    assert [each["name"] for each in stage.controls.sent()] == ["noted"]
    stage.outputs.close()
    assert made["2"].closed


def test_the_public_of_an_exhibit_reads_no_messages(stage):
    stats = Stats(clock=stage.clock)
    stage.show.desk.fade({"hud": False}, "osc", 0)
    stage.see()
    stage.notice("something")
    assert stage.texts() == ["something"]
    stage.written.clear()
    stage.controls.overlay(CANVAS, stats, False)
    assert stage.written == []
    stage.show.desk.fade({"hud": True}, "osc", 0)
    stage.controls.overlay(CANVAS, stats, False)
    assert "something" in stage.written

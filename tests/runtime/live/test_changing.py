"""From one source to another while the show plays."""

from __future__ import annotations

import queue
import threading
import time

import cv2
import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.frame import Frame
from livedream.runtime.live import changing
from livedream.runtime.live.capture import LATE, Capture
from livedream.runtime.live.changing import Changer
from livedream.runtime.live.crossfade import Crossfade, canvas
from livedream.runtime.slot import Closed

from ...patience import PATIENCE, until


class Tap:
    """A source that gives what is put into it."""

    live = True
    cost = 0.0

    def __init__(self, level: int, size: tuple[int, int] = (8, 6)) -> None:
        self.level, self.size = level, size
        self.closed = threading.Event()
        self._items: queue.Queue = queue.Queue()

    def describe(self) -> str:
        return f"tap {self.level}"

    def drip(self, at: float = 0.0) -> None:
        width, height = self.size
        self._items.put(Frame(np.full((height, width, 3), self.level, np.uint8), at, 0))

    def end(self, error: Exception | None = None) -> None:
        self._items.put(error)

    def read(self) -> Frame | None:
        item = self._items.get(timeout=PATIENCE)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.closed.set()
        self.end()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def next_of(capture: Capture) -> Frame:
    frame = capture.take(PATIENCE)
    assert frame is not None
    return frame


def level_of(frame: Frame) -> int:
    height, width = frame.image.shape[:2]
    return int(frame.image[height // 2, width // 2, 0])


class TestCrossfade:
    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ((640, 480), (640, 480), (640, 480)),
            ((640, 480), (1280, 720), (1280, 720)),  # bars beside what goes, as on any screen
            ((1280, 720), (640, 480), (853, 480)),
            ((1280, 720), (480, 640), (1138, 640)),
            ((480, 640), (1280, 720), (1280, 720)),
            ((640, 360), (3840, 2160), (1920, 1080)),
        ],
    )
    def test_the_canvas_has_the_shape_of_the_wider_picture(self, old, new, expected):
        assert canvas(old, new) == expected

    def test_portrait_and_landscape_stand_where_they_stand_alone(self):
        portrait, landscape = (
            np.full((90, 60, 3), 200, np.uint8),
            np.full((90, 160, 3), 80, np.uint8),
        )
        fade = Crossfade()
        begun, half = (fade.blended(landscape, portrait, share) for share in (0, 0.5))
        np.testing.assert_array_equal(begun, landscape)
        np.testing.assert_allclose(half[45, [5, 80, 155], 0], [40, 140, 40], atol=1)
        back = fade.blended(portrait, landscape, 0)
        np.testing.assert_allclose(back[45, [5, 80, 155], 0], [0, 200, 0], atol=1)


class TestCapture:
    def test_it_fades_from_one_to_the_other_while_both_go_on(self, clock):
        one, two = Tap(100), Tap(200)
        with Capture(one, clock=clock) as capture:
            one.drip(99)
            assert level_of(next_of(capture)) == 100
            coming = capture.read(two)
            two.drip(99)
            assert coming.newest.peek(PATIENCE)
            assert capture.take(0.02) is None  # Nothing of it is seen before it is asked for.
            capture.cross(coming, 10)
            seen = [next_of(capture)]
            for clock.now in (102.5, 105, 107.5):
                two.drip(clock.now)
                seen.append(next_of(capture))
            assert [level_of(each) for each in seen] == [100, 125, 150, 175]
            one.level = 60
            one.drip(107.5 + LATE / 2)
            one.drip(107.6)  # The one that comes is late: the other carries on.
            assert level_of(next_of(capture)) == 200 - 35
            assert not one.closed.is_set()
            clock.now = 110
            two.drip(110)
            assert level_of(next_of(capture)) == 200
            assert one.closed.wait(PATIENCE)
            indices = [each.index for each in seen]
            assert indices == list(range(indices[0], indices[0] + 4))
            times = [each.time for each in seen]
            assert times == sorted(times)
        assert two.closed.is_set()

    def test_a_cut_is_at_once(self, clock):
        one, two = Tap(100), Tap(200, (4, 10))
        with Capture(one, clock=clock) as capture:
            one.drip()
            next_of(capture)
            coming = capture.read(two)
            two.drip()
            assert coming.newest.peek(PATIENCE)
            capture.cross(coming, 0)
            assert next_of(capture).image.shape == (10, 4, 3)
            assert one.closed.wait(PATIENCE)
            assert capture.source is two

    def test_one_more_change_begins_from_what_is_on_screen(self, clock):
        taps = [Tap(100), Tap(200), Tap(0)]
        with Capture(taps[0], clock=clock) as capture:
            taps[0].drip()
            next_of(capture)
            for tap, now in zip(taps[1:], (100, 105), strict=True):
                coming = capture.read(tap)
                tap.drip()
                assert coming.newest.peek(PATIENCE)
                clock.now = now
                capture.cross(coming, 10)
                assert level_of(next_of(capture)) == 100
            taps[1].drip(105)  # It was left.
            assert taps[0].closed.wait(PATIENCE)
            assert taps[1].closed.wait(PATIENCE)
            clock.now = 107.5
            taps[2].drip(clock.now)
            # It was 100 that stood there when the third one came: nothing of the second was drawn.
            assert level_of(next_of(capture)) == 75

    def test_back_to_what_still_goes_opens_nothing_and_jumps_nowhere(self, clock):
        one, two = Tap(100), Tap(200)
        with Capture(one, clock=clock) as capture:
            one.drip()
            next_of(capture)
            first, coming = capture.playing, capture.read(two)
            two.drip()
            assert coming.newest.peek(PATIENCE)
            capture.cross(coming, 10)
            next_of(capture)
            clock.now = 104
            assert capture.back(first, 10)
            one.drip(104)
            assert level_of(next_of(capture)) == 140
            clock.now = 110
            one.drip(110)
            assert level_of(next_of(capture)) == 100
            assert two.closed.wait(PATIENCE)
            assert not capture.back(coming, 10)

    def test_one_that_ended_before_it_played_ends_once_it_does(self, clock):
        one, two = Tap(100), Tap(200)
        with Capture(one, clock=clock) as capture:
            one.drip()
            next_of(capture)
            coming = capture.read(two)
            two.drip()
            two.end()
            coming.thread.join(PATIENCE)
            asked: list[object] = []
            capture.go_on = lambda error: bool(asked.append(error))
            capture.cross(coming, 0)
            assert level_of(next_of(capture)) == 200
            capture.look()
            capture.look()
            assert asked == [None]
            assert capture.slot.closed

    def test_what_is_no_picture_ends_no_fade(self, clock):
        one, two = Tap(100), Tap(200)
        with Capture(one, clock=clock) as capture:
            one.drip()
            next_of(capture)
            coming = capture.read(two)
            two._items.put(Frame(np.zeros((4, 4), np.uint8), 0, 0))
            assert coming.newest.peek(PATIENCE)
            capture.cross(coming, 10)
            assert next_of(capture).image.ndim == 2
            clock.now = 105
            two.drip(105)
            assert level_of(next_of(capture)) == 150


class Stage:
    """A show of taps that may be changed between; `taps` holds each that was opened."""

    def __init__(self, *names: str, fade: float = 0.0) -> None:
        self.taps: dict[str, list[Tap]] = {name: [] for name in names}
        self.trouble: dict[str, Exception] = {}
        self.gates: dict[str, threading.Event] = {}
        self.said: list[str] = []
        self.asks: list[str] = []
        """What is asked for as soon as something is said."""
        self.heard = threading.Event()
        self.capture = Capture(self.open(names[0]))
        self.desk = Desk({"a": 4}, {"source_fade": fade}, sources=names)
        self.changer = Changer(
            self.capture, self.desk, names, names[0], self.open, self.say
        )  # fmt: skip

    def __enter__(self) -> Stage:
        self.capture.start()
        assert self.shows(self.taps[self.desk.parameters["source"].choices[0]][0])
        return self

    def __exit__(self, *_) -> None:
        self.changer.close()
        self.capture.close()

    def say(self, text: str) -> None:
        self.said.append(text)
        self.heard.set()
        if self.asks:
            self.desk.set("source", self.asks.pop(), "osc")

    def open(self, name: str) -> Tap:
        if name in self.gates:
            assert self.gates[name].wait(PATIENCE)
        if name in self.trouble:
            raise self.trouble.pop(name)
        tap = Tap(10 + 20 * list(self.taps).index(name))
        tap.drip()
        self.taps[name].append(tap)
        return tap

    def fails(self, name: str) -> str:
        """What is said once it was asked for, and cannot be had: the desk is back at "a" then."""
        self.heard.clear()
        self.desk.set("source", name, "osc")
        assert self.heard.wait(PATIENCE)
        until(lambda: self.desk.base["source"] == "a")
        return self.said[-1]

    def shows(self, tap: Tap) -> bool:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            frame = self.capture.take(1)
            if frame and level_of(frame) == tap.level:
                return True
        return False

    def plays(self, name: str) -> bool:
        """Once it was asked for."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.taps[name] and self.capture.source is self.taps[name][-1]:
                return self.shows(self.taps[name][-1])
            time.sleep(0.005)
        return False


class TestChanger:
    def test_the_desk_says_the_source_and_the_old_one_is_closed(self):
        with Stage("a", "b") as stage:
            stage.desk.set("source", "b", "osc")
            assert stage.plays("b")
            assert stage.taps["a"][0].closed.wait(PATIENCE)
            stage.desk.nudge("source", 1, "key")  # Around.
            assert stage.plays("a")
            assert len(stage.taps["a"]) == 2
            assert not stage.said

    def test_one_that_cannot_be_opened_says_so_once_and_the_old_one_plays_on(self):
        with Stage("a", "b", "c") as stage:
            stage.trouble["b"] = LivedreamError("b is busy.")
            stage.trouble["c"] = RuntimeError("a library's words")
            for name, text in (("b", "b is busy."), ("c", "RuntimeError: a library's words.")):
                assert stage.fails(name) == f"{text} Still playing: a."
                stage.taps["a"][0].drip()
                assert stage.plays("a")
            assert stage.desk.base["source"] == "a"
            assert len(stage.said) == 2

    def test_asked_for_again_as_soon_as_it_failed_it_plays(self):
        with Stage("a", "b") as stage:
            stage.trouble["b"] = LivedreamError("b is busy.")
            stage.asks.append("b")  # Once it is said that it cannot be had.
            stage.desk.set("source", "b", "osc")
            assert stage.plays("b")
            assert stage.desk.base["source"] == "b"

    def test_what_is_asked_for_as_one_breaks_comes_before_the_next(self):
        with Stage("a", "b", "c") as stage:
            stage.asks.append("c")
            stage.taps["a"][0].end(LivedreamError("a broke."))
            assert stage.plays("c")
            assert not stage.taps["b"]

    def test_one_that_gives_no_picture_or_breaks_at_once_counts_as_not_opened(self, monkeypatch):
        monkeypatch.setattr(changing, "FIRST_FRAME", 0.05)
        with Stage("a", "b", "c") as stage:
            silent, broken = Tap(1), Tap(2)
            broken.end(LivedreamError("The lens fell off."))
            found = {"b": silent, "c": broken}
            stage.changer._open_source = found.__getitem__
            for name, words in (("b", "gave no picture within"), ("c", "The lens fell off.")):
                assert words in stage.fails(name)
                assert found[name].closed.wait(PATIENCE)

    def test_one_that_does_not_answer_holds_up_no_other(self):
        with Stage("a", "b", "c") as stage:
            stage.gates["b"] = threading.Event()
            stage.desk.set("source", "b", "osc")
            stage.desk.set("source", "c", "osc")
            assert stage.plays("c")
            stage.gates["b"].set()
            until(lambda: stage.taps["b"])
            assert stage.taps["b"][0].closed.wait(PATIENCE)  # Nobody wants it any more.
            assert stage.capture.source is stage.taps["c"][0]

    def test_wanted_again_while_it_is_opened_it_is_opened_once(self):
        with Stage("a", "b") as stage:
            stage.gates["b"] = threading.Event()
            for name in ("b", "a", "b", "a", "b"):
                stage.desk.set("source", name, "osc")
            stage.gates["b"].set()
            assert stage.plays("b")
            assert len(stage.taps["b"]) == 1

    def test_what_still_goes_is_gone_back_to(self):
        with Stage("a", "b", fade=60) as stage:
            stage.desk.set("source", "b", "osc")
            until(lambda: stage.taps["b"] and stage.capture.source is stage.taps["b"][-1])
            stage.desk.set("source", "a", "osc", 0)
            assert stage.capture.source is stage.taps["a"][0]
            stage.taps["a"][0].drip()
            assert stage.plays("a")
            assert len(stage.taps["a"]) == 1

    def test_after_the_end_of_one_the_next_follows_that_can_be_opened(self):
        with Stage("a", "b", "c") as stage:
            stage.trouble["b"] = LivedreamError("b is gone.")
            stage.taps["a"][0].end()
            assert stage.plays("c")
            assert stage.desk.base["source"] == "c"
            assert stage.said == ["b is gone."]
            stage.taps["c"][0].end(LivedreamError("c broke."))
            assert stage.plays("a")
            assert stage.said == ["b is gone.", "c broke."]
            assert len(stage.taps["a"]) == 2

    def test_the_last_one_that_is_left_ends_the_show(self):
        with Stage("a", "b") as stage:
            stage.trouble["b"] = LivedreamError("b is gone.")
            stage.taps["a"][0].end()
            until(lambda: stage.capture.slot.closed)
            with pytest.raises(Closed):
                stage.capture.take(0)
        with Stage("a") as stage:
            stage.taps["a"][0].end(LivedreamError("a broke."))
            with pytest.raises(LivedreamError, match="a broke"):
                stage.capture.take(PATIENCE)

    def test_what_is_opened_when_the_show_is_over_is_closed(self):
        with Stage("a", "b") as stage:
            stage.gates["b"] = threading.Event()
            stage.desk.set("source", "b", "osc")
        stage.gates["b"].set()
        until(lambda: stage.taps["b"])
        assert stage.taps["b"][0].closed.wait(PATIENCE)

    def test_nobody_names_a_file(self):
        with Stage("a", "b") as stage:
            for name in ("/etc/passwd", "http://inside/", "C"):
                with pytest.raises(UsageError, match="There is no source"):
                    stage.desk.set("source", name, "osc")


def test_real_sources_of_other_shapes_follow_each_other(tmp_path):
    from livedream.runtime.live.sources import open_source

    specs = {"demo": "demo"}
    for name, size in (("wide", (160, 90)), ("portrait", (60, 90))):
        specs[name] = str(tmp_path / f"{name}.png")
        cv2.imwrite(specs[name], np.full((*size[::-1], 3), 77, np.uint8))
    said: list[str] = []
    desk = Desk({"a": 4}, {"source_fade": 0.1}, sources=tuple(specs))
    with Capture(open_source("demo", (64, 48))) as capture:
        assert next_of(capture).image.shape == (48, 64, 3)
        changer = Changer(
            capture, desk, tuple(specs), "demo", lambda name: open_source(specs[name]), said.append
        )
        for name, shape in (("portrait", (90, 60, 3)), ("wide", (90, 160, 3))):
            desk.set("source", name, "page")
            end = time.monotonic() + PATIENCE
            while (
                capture.playing.source.describe()
                != f"picture {name}.png: " + (f"{shape[1]}x{shape[0]}")
                or next_of(capture).image.shape != shape
            ):
                assert time.monotonic() < end
        changer.close()
    assert not said

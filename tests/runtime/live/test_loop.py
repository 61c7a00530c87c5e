"""The dreaming thread and the switch to another engine, with toys for camera and network."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.errors import Cancelled, LivedreamError, SessionLost
from livedream.runtime.frame import Frame
from livedream.runtime.gradient import losses
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.platform import Recovery
from livedream.runtime.gradient.providers import PROVIDERS, Provider
from livedream.runtime.gradient.selection import Engines, Opening
from livedream.runtime.gradient.switching import Switcher
from livedream.runtime.gradient.wanted import Ready, Wanted
from livedream.runtime.live import governor, loop
from livedream.runtime.live.capture import Capture
from livedream.runtime.live.climbing import Climbing
from livedream.runtime.live.composition import NONE
from livedream.runtime.live.governor import LADDER
from livedream.runtime.live.loop import Dreaming, Dreamt
from livedream.runtime.live.patience import MOST
from livedream.runtime.slot import Closed
from livedream.runtime.stats import Stats
from livedream.runtime.threads import DREAMS

from ...patience import PATIENCE, until
from ..toy import ToyEngine


class Film:
    """`count` frames whose brightness tells their number, as fast as they are taken."""

    live = False
    cost = 0.0

    def __init__(self, count: int, interval: float = 0.002, error: Exception | None = None) -> None:
        self.count, self.interval, self.error = count, interval, error
        self.index = 0
        self.taken = threading.Semaphore()

    def describe(self) -> str:
        return "film"

    def read(self) -> Frame | None:
        time.sleep(self.interval)
        self.taken.acquire()
        if self.index == self.count:
            if self.error:
                raise self.error
            return None
        image = np.full((32, 40, 3), 40 + self.index % 150, np.uint8)
        image[:, :10] += 20
        self.index += 1
        return Frame(image, time.monotonic(), self.index - 1)

    def close(self) -> None:
        self.taken.release()


class Network:
    """Three layers. prepare: called with the layers of a new graph. bank: those that every graph
    taps beside what it is asked for."""

    layers = {"a": 1, "b": 2, "c": 3}  # noqa: RUF012
    request = SimpleNamespace(precision="auto")
    graph = None

    def __init__(self, prepare=lambda layers, cancel: None, bank="") -> None:
        self.prepare, self.bank = prepare, bank

    def taps(self, objective):
        return tuple(name for name in self.layers if name in [*self.bank, *objective.layers])

    def graph_for(self, objective, provider, progress, background, cancel):
        self.prepare(str(objective), cancel)
        return SimpleNamespace(layers=dict.fromkeys(self.taps(objective), 1), guides=None)


class Export:
    """Makes graphs, `waits` for one of them: until it is released or called off."""

    def __init__(self, waits: str) -> None:
        self.begun, self.release, self.called_off = (threading.Event() for _ in range(3))
        self.made: list[str] = []
        self._waits = waits

    def __call__(self, layers: str, cancel: threading.Event) -> None:
        self.made.append(layers)
        if layers != self._waits:
            return
        self.begun.set()
        end = time.monotonic() + PATIENCE
        while not self.release.wait(0.002):
            assert time.monotonic() < end, "it was neither released nor called off"
            if cancel.is_set():
                self.called_off.set()
                raise Cancelled("called off")


class Engine(ToyEngine):
    """Keeps the sizes that were opened in common with those steered from it."""

    def __init__(self, graph, provider, objective, sizes=None) -> None:
        super().__init__()
        self.graph, self.provider, self.objective = graph, provider, objective
        self.sizes = set() if sizes is None else sizes
        self.closed = threading.Event()

    def describe(self) -> dict[str, str]:
        return {"layers": str(self.objective), "provider": self.provider.name}

    def steer(self, objective) -> None:
        self.objective = objective

    def steered(self, objective) -> Engine:
        return Engine(self.graph, self.provider, objective, self.sizes)

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        self.sizes.add((height, width))

    def giving_way(self):
        return nullcontext()

    def prepared(self, height: int, width: int) -> bool:
        return (height, width) in self.sizes

    def close(self) -> None:
        self.closed.set()


class Toys:
    """A platform of toys. trouble: raised where an engine of that provider opens a size."""

    def __init__(self, *names: str) -> None:
        self.device = CpuDevice()
        self.providers = tuple(
            Provider(name, PROVIDERS["cpu"].ep, "cpu", "", slow=name == "slow")
            for name in names or ("quick",)
        )
        self.made: list[Engine] = []
        self.trouble: dict[str, Exception] = {}

    def engine(self, graph, provider, objective, precision="auto") -> Engine:
        engine = Engine(graph, provider, objective)
        if provider.name in self.trouble:
            error = self.trouble[provider.name]
            engine.prepare = lambda *size: (_ for _ in ()).throw(error)
        self.made.append(engine)
        return engine

    def recover(self, error, dreamer, size):
        raise error

    def warm(self) -> None: ...

    def close(self) -> None: ...


SIZE = (32, 40)
ONE = Dream(octaves=1, steps=1, jitter=2, half_life=1)
QUIET = Opening(lambda stage, part: None, lambda text: None)


A = Wanted(parse_objective("a"), ONE.octaves, ONE.octave_scale, SIZE)


def want(text: str, octaves: int = ONE.octaves) -> Wanted:
    return replace(A, objective=parse_objective(text), octaves=octaves)


def switching(network: Network | None = None, toys: Toys | None = None) -> tuple[Switcher, list]:
    """One that plays layer a, and what it said."""
    said: list[str] = []
    engines = Engines(network or Network(), toys or Toys())
    engine = engines.quick(A.objective, lambda minimum: [SIZE], QUIET)
    return Switcher(engines, Ready(engine, A), said.append), said


class Setting:
    """A show without a window: everything that the loop of `livedream run` is made of."""

    def __init__(self, film: Film, network: Network | None = None, **options) -> None:
        self.stats = Stats()
        self.said: list[str] = []
        self.switcher, _ = switching(network)
        self.dreamer = Dreamer(CpuDevice(), self.switcher._switch.playing.engine, ONE)
        begin = {**asdict(ONE), "layers": "a", "size": "40x32"}
        self.desk = Desk(Network.layers, begin)
        self.capture = Capture(film, self.stats).start()
        take = self.capture.take

        def taken(timeout: float | None = None) -> Frame | None:
            frame = take(timeout)
            if frame:
                film.taken.release()
            return frame

        self.capture.take = taken
        self.dreaming = Dreaming(
            self.capture, self.dreamer, self.switcher, self.desk, self.stats, size=SIZE,
            notify=self.said.append, **options,
        )  # fmt: skip

    def __enter__(self) -> Setting:
        self.dreaming.start()
        return self

    def __exit__(self, *_) -> None:
        self.dreaming.stop()
        self.switcher.close()
        self.capture.close()

    def next(self) -> Dreamt:
        dreamt = self.dreaming.output.take(PATIENCE)
        assert dreamt is not None
        return dreamt

    def begun(self) -> Dreamt:
        """The next one whose frame comes from now on: all that was said before holds for it."""
        now = time.monotonic()
        return until(lambda: (dreamt := self.next()).time > now and dreamt)

    def wait_for(self, **settings) -> Dreamt:
        """The next one that was made with these."""

        def with_these() -> Dreamt | None:
            dreamt = self.next()
            values = dreamt.settings
            return dreamt if all(values[name] == settings[name] for name in settings) else None

        return until(with_these, settings)

    def everything(self) -> list[Dreamt]:
        """All dreams until it ends; raises what ended it."""
        seen: list[Dreamt] = []
        self.dreaming.listener = seen.append
        with self, suppress(Closed):
            while True:
                self.dreaming.output.take(PATIENCE)
        return seen


def test_it_ends_with_the_film_and_after_so_many_frames():
    assert Setting(Film(20)).everything()
    show = Setting(Film(10_000), frames=7)
    assert len(show.everything()) == show.stats.frames == 7


def test_an_error_of_the_source_reaches_the_one_who_shows():
    with pytest.raises(LivedreamError, match="lost"):
        Setting(Film(3, error=LivedreamError("lost"))).everything()


def test_stopping_ends_the_thread_and_closes_the_output():
    with Setting(Film(100_000)) as show:
        assert show.next().dream.dtype == np.uint8
        show.dreaming.stop()
        show.dreaming.join(PATIENCE)
        assert not show.dreaming.is_alive()
        with suppress(Closed):
            assert show.next().dream.shape == (32, 40, 3)
        assert show.dreaming.output.closed


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities")
def test_what_dreams_comes_behind_what_shows():
    with Setting(Film(100_000)) as show:
        assert show.next()
        dreams = show.dreaming.native_id
        assert dreams
        here = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, dreams) == min(here + DREAMS, 19)


def test_frames_pass_mirrored_and_freeze_holds_the_picture():
    with Setting(Film(10_000)) as show:
        first = show.next()
        assert first.picture[0, 0, 0] > first.picture[0, -1, 0]
        show.desk.set("mirror", True, "test")
        mirrored = show.begun()
        assert mirrored.picture.shape == first.picture.shape
        assert np.array_equal(np.diff(first.picture[0, :, 0].astype(int)).nonzero()[0], [9])
        assert np.array_equal(np.diff(mirrored.picture[0, :, 0].astype(int)).nonzero()[0], [29])
        assert mirrored.picture[0, -1, 0] > mirrored.picture[0, 0, 0]
        show.desk.set("freeze", True, "test")
        held = show.begun()
        later = [show.next() for _ in range(5)]
        assert all(np.array_equal(each.picture, held.picture) for each in later)
        assert later[-1].time > held.time


class TestWhatTheDeskSays:
    def test_values_hold_with_the_next_frame_also_while_a_layer_opens(self):
        release = threading.Event()

        def slow(layers, cancel):
            assert layers == "a" or release.wait(PATIENCE)

        with Setting(Film(100_000), Network(slow)) as show:
            show.next()
            show.desk.nudge("layer", 1, "key")
            show.desk.set("step_size", 7, "key", 0)
            show.wait_for(layers="a", step_size=7)
            assert not release.is_set()
            release.set()
            show.wait_for(layers="b", step_size=7)

    def test_what_comes_while_a_gradient_is_computed_holds_in_that_frame_still(self):
        show = Setting(Film(100_000))
        gradient, computed = show.dreamer.engine.gradient, []

        def slow(image):
            computed.append(image)
            if len(computed) == 3:
                said = {"step_size": 7, "octaves": 2, "camera": 0.5}
                show.desk.fade(said, "osc", 0)
            return gradient(image)

        show.dreamer.engine.gradient = slow
        seen: list[Dreamt] = []
        show.dreaming.listener = seen.append
        with show:
            until(lambda: len(seen) > 4)
        before, with_it, after = (each.settings for each in seen[1:4])
        assert before["step_size"] == ONE.step_size
        # The picture under it was made, and its octaves were.
        assert (with_it["step_size"], with_it["octaves"], with_it["camera"]) == (7, 1, 1)
        assert after["camera"] == 0.5

    def test_a_layer_changes_while_frames_go_on_and_the_old_one_is_closed(self):
        opened = []
        with Setting(Film(100_000), Network(lambda layers, cancel: opened.append(layers))) as show:
            show.next()
            old = show.dreamer.engine
            show.desk.nudge("layer", 1, "key")
            show.wait_for(layers="b")
            assert opened == ["a", "b"]
            assert show.dreamer.engine.sizes == {SIZE}
            assert old.closed.wait(PATIENCE)
            assert not show.dreamer.engine.closed.is_set()
        assert show.dreamer.engine.closed.is_set()

    def test_what_the_graph_taps_is_steered_at_once(self):
        opened = []
        with Setting(Film(100_000), Network(lambda layers, cancel: opened.append(layers))) as show:
            for text in ("a*0.5", "a:0", "a:0*-2"):
                show.desk.set("layers", text, "osc")
                show.wait_for(layers=text)
            assert opened == ["a"]

    def test_nothing_is_opened_for_a_layer_or_a_mix_of_the_bank(self):
        opened = []
        network = Network(lambda layers, cancel: opened.append(layers), bank="ab")
        with Setting(Film(100_000), network) as show:
            show.next()
            for text in ("b", "a+b*0.5", "b:0"):
                show.desk.set("layers", text, "osc", 0)
                assert show.begun().settings["layers"] == text
            assert opened == ["a"]
            show.desk.set("layers", "c", "osc", 0)
            show.wait_for(layers="c")
            show.desk.set("layers", "c*0.3+a", "osc", 0)
            assert show.begun().settings["layers"] == "c*0.3+a"
            assert opened == ["a", "c"]

    def test_a_morph_inside_the_graph_runs_with_time(self):
        with Setting(Film(100_000)) as show:
            show.next()
            show.desk.set("layers", "a*3", "preset", 60)
            weights = [
                parse_objective(show.next().settings["layers"]).terms[0].weight for _ in range(40)
            ]
            assert weights == sorted(weights)
            assert len(set(weights)) > 10
            show.desk.set("layers", "a*3", "preset", 0.01)
            show.wait_for(layers="a*3")

    def test_octaves_and_size_wait_for_their_sessions(self):
        with Setting(Film(100_000)) as show:
            show.desk.fade({"octaves": 2, "octave_scale": 2}, "key", 0)
            dreamt = show.wait_for(octaves=2, octave_scale=2)
            assert show.dreamer.engine.sizes == {SIZE, (16, 20)}
            assert dreamt.picture.shape == (32, 40, 3)
            show.desk.set("size", "20x20", "key")
            assert show.wait_for(size="20x16").picture.shape == (16, 20, 3)

    def test_they_do_not_wait_for_the_export_of_a_layer(self):
        export = Export("b")
        with Setting(Film(100_000), Network(export)) as show:
            show.next()
            show.desk.fade({"layers": "b", "octaves": 2, "octave_scale": 2}, "key", 0)
            assert export.begun.wait(PATIENCE)
            show.wait_for(layers="a", octaves=2, octave_scale=2)
            show.desk.set("size", "20x20", "key")
            show.wait_for(layers="a", octaves=2, size="20x16")
            assert show.desk.base["layers"] == "b"
            export.release.set()
            show.wait_for(layers="b", octaves=2, size="20x16")
            assert show.said == []

    def test_until_they_are_open_the_dream_goes_on_as_it_was(self, monkeypatch):
        release, opening = threading.Event(), threading.Event()

        def slow(self, height, width, background=False):
            opening.set()
            assert release.wait(PATIENCE)
            self.sizes.add((height, width))

        with Setting(Film(100_000)) as show:
            show.next()
            monkeypatch.setattr(Engine, "prepare", slow)
            show.desk.fade({"octaves": 2, "octave_scale": 2, "strength": 9}, "key", 0)
            assert opening.wait(PATIENCE)
            held = show.wait_for(strength=9)
            assert (held.settings["octaves"], held.settings["octave_scale"]) == (1, 1.4)
            assert show.dreamer.sizes(*SIZE) == [SIZE]
            release.set()
            show.wait_for(octaves=2, octave_scale=2)

    def test_what_cannot_be_opened_is_told_and_the_desk_goes_back(self):
        def broken(layers, cancel):
            if layers == "b":
                raise LivedreamError("no room on the disk")

        with Setting(Film(100_000), Network(broken)) as show:
            show.next()
            show.desk.fade({"layer": "b", "step_size": 9, "octaves": 2}, "key", 0)
            until(lambda: show.desk.base["layers"] == "a")
            assert show.said == ["no room on the disk"]
            assert show.desk.base["octaves"] == 1
            show.wait_for(layers="a", octaves=1, step_size=9)
            show.desk.set("layer", "c", "key")
            show.wait_for(layers="c")
            show.desk.set("layer", "b", "key")  # And again, as often as somebody tries.
            until(lambda: len(show.said) == 2)

    def test_a_busy_machine_dreams_smaller_while_the_desk_says_what_was_asked_for(
        self, monkeypatch
    ):
        monkeypatch.setattr(governor, "LATE", 0.05)
        with Setting(Film(100_000)) as show:
            show.next()
            engine = show.dreamer.engine
            gradient, slow = engine.gradient, threading.Event()
            engine.gradient = lambda image: (slow.is_set() and time.sleep(0.02), gradient(image))[1]
            show.desk.fade({"octaves": 2, "octave_scale": 2.0}, "test", 0)
            show.wait_for(octaves=2)
            show.dreamer.engine.gradient = engine.gradient
            slow.set()
            dreamt: list[tuple[str, bool]] = []  # Every one: it may go on to a smaller size soon.
            show.dreaming.listener = lambda each: dreamt.append(
                (each.settings["size"], show.dreamer.in_turn)
            )
            show.desk.set("hold", 60, "test", 0)
            until(lambda: ("32x26", True) in dreamt)
            assert show.desk.base["size"] == "40x32"
            assert [each["what"] for each in show.stats.report()["notes"]][:2] == [
                "dreamt: octaves in turn",
                "dreamt: octaves in turn, 80% size",
            ]
            show.desk.set("hold", 0, "test", 0)
            until(lambda: dreamt[-1] == ("40x32", False))

    def test_finer_windows_come_and_go_with_what_is_said(self):
        def there(dreamt):
            detail = dreamt.detail
            return 0.0 if detail is None else float(np.abs(detail.astype(int) - NONE).mean())

        with Setting(Film(100_000)) as show:
            assert show.next().detail is None
            show.desk.set("size", "20x16", "test", 0)
            show.wait_for(size="20x16")
            show.desk.set("finer", True, "test")
            until(lambda: show.next().detail is not None)
            assert show.next().detail.shape == (32, 40, 3)
            until(lambda: there(show.next()) > 1)
            left: list[float] = []
            show.dreaming.listener = lambda dreamt: left.append(there(dreamt))
            show.desk.set("finer", False, "test")
            until(lambda: left[-1:] == [0])
            assert all(
                before < 1 or after > 0.5 * before for before, after in itertools.pairwise(left)
            )

    def test_a_machine_that_cannot_dream_smaller_goes_on_at_what_it_has(self, monkeypatch):
        with Setting(Film(100_000)) as show:
            show.next()
            opened = Engine.prepare

            def prepare(engine, height, width, background=False):
                if height < 32:
                    raise LivedreamError("too small")
                opened(engine, height, width, background)

            monkeypatch.setattr(Engine, "prepare", prepare)
            show.desk.set("hold", 60, "test", 0)

            def step_down(dreamt):
                show.dreaming.listener = None
                show.dreaming.governor._go(2)
                show.dreaming._following.share = LADDER[2].share

            show.dreaming.listener = step_down  # In its thread, between two dreams.
            until(lambda: "too small" in str(show.said))
            until(lambda: show.dreaming.governor.rung == LADDER[1])
            assert show.next().settings["size"] == "40x32"
            assert show.desk.base["size"] == "40x32"

    def test_going_back_calls_off_what_was_asked_for(self):
        export = Export("b")
        with Setting(Film(100_000), Network(export)) as show:
            show.next()
            show.desk.nudge("layer", 1, "key")
            assert export.begun.wait(PATIENCE)
            show.desk.nudge("layer", -1, "key")
            assert export.called_off.wait(PATIENCE)
            show.wait_for(layers="a")
            assert show.said == []

    def test_recipes_change_while_it_plays(self):
        with Setting(Film(100_000)) as show:
            grown = show.wait_for(recipe="live")
            show.desk.fade({"recipe": "google", "octaves": 1, "steps": 2}, "key", 0)
            alone = show.wait_for(recipe="google", steps=2, strength=0)
            assert alone.settings["jitter"] == 32
            show.desk.set("recipe", "live", "key")
            show.wait_for(recipe="live", octaves=2, strength=24)
            assert grown.settings["octaves"] == 1

    @pytest.mark.parametrize(("recipe", "way"), [("live", "live"), ("google", "still")])
    def test_a_recipe_decides_whether_the_dream_is_carried(self, recipe, way):
        show, ways = Setting(Film(10_000), frames=5), []
        show.desk.fade({"recipe": recipe, "octaves": 1, "octave_scale": 1.4}, "start", 0)
        for name in ("live", "still"):
            dreamt = getattr(show.dreamer, name)
            setattr(
                show.dreamer, name, lambda *a, name=name, do=dreamt: (ways.append(name), do(*a))[1]
            )
        show.everything()
        assert set(ways) == {way}

    @pytest.mark.parametrize("recipe", ["live", "google"])
    def test_a_dream_knows_the_step_from_the_one_before(self, recipe):
        show = Setting(Film(10_000), frames=4)
        show.desk.fade({"recipe": recipe, "octaves": 1, "octave_scale": 1.4}, "start", 0)
        steps = [dreamt.step for dreamt in show.everything()]
        assert show.capture.ahead == (40, 32)
        if recipe == "google":
            assert steps == [None] * len(steps)
            return
        for before, step in itertools.pairwise(steps[1:]):
            assert before.now is step.last

    def test_what_is_said_counts_for_when_a_dream_is_seen(self):
        show, asked = Setting(Film(10_000), frames=5), []
        at = show.desk.at
        show.desk.at = lambda time: (asked.append(time), at(time))[1]
        show.stats.shown(0.05, 0.25)
        times = [dreamt.time for dreamt in show.everything()]
        # For each frame at its beginning, and after its gradient.
        assert asked == [time + 0.25 for time in times for _ in range(2)]

    def test_reset_lets_go_once(self):
        resets = []
        with Setting(Film(100_000)) as show:
            show.next()
            show.dreamer.reset = lambda: resets.append(1)
            show.desk.nudge("reset", 1, "key")
            for _ in range(4):
                show.next()
        assert resets == [1]

    @pytest.mark.parametrize(("name", "value"), [("mirror", True), ("recipe", "google")])
    def test_a_picture_of_another_kind_begins_anew(self, name, value):
        resets = []
        with Setting(Film(100_000)) as show:
            show.next()
            show.dreamer.reset = lambda: resets.append(1)
            show.desk.fade({name: value, "octaves": 1, "octave_scale": 1.4}, "key", 0)
            for _ in range(4):
                show.next()
        assert resets == [1]


class Odd(Film):
    """A film of which some frames are no pictures. bad: number of a frame -> what it gives."""

    def __init__(self, count: int, bad) -> None:
        super().__init__(count)
        self.bad = bad

    def read(self) -> Frame | None:
        frame = super().read()
        image = self.bad(frame.index) if frame else None
        return frame if image is None else replace(frame, image=image)


class TestFramesThatFail:
    @pytest.mark.parametrize(
        ("image", "says"),
        [
            (np.zeros((32, 40), np.uint8), "uint8 32x40"),
            (np.zeros((32, 40, 4), np.uint8), "uint8 32x40x4"),
            (np.zeros((32, 40, 3), np.float32), "float32 32x40x3"),
            (np.zeros((0, 40, 3), np.uint8), "uint8 0x40x3"),
            ("nothing", "no picture"),
        ],
        ids=["grey", "alpha", "float", "empty", "text"],
    )
    def test_one_that_is_no_picture_is_left_out_and_told_once(self, image, says):
        show = Setting(Odd(10_000, lambda index: image if index % 3 == 1 else None), frames=20)
        assert len(show.everything()) == 20
        assert show.stats.report()["skipped"] == 10
        assert len(show.said) == 1
        assert show.said[0].startswith("A frame was not dreamt: The source gave")
        assert says in show.said[0]

    def test_an_error_of_a_library_costs_one_frame(self):
        show = Setting(Film(10_000), frames=20)
        engine, calls = show.dreamer.engine, []

        def shaky(image):
            calls.append(1)
            if len(calls) % 5 == 2:
                raise cv2.error("OpenCV(4) resize failed\nmore of it")
            return ToyEngine.gradient(engine, image)

        engine.gradient = shaky
        assert len(show.everything()) == 20
        assert show.stats.skipped == 5
        assert show.said == ["A frame was not dreamt: error: OpenCV(4) resize failed."]

    def test_a_device_that_ran_out_goes_on_with_less_and_the_desk_says_so(self, monkeypatch):
        show = Setting(Film(10_000), frames=20)
        show.desk.set("octaves", 3, "start")
        elsewhere = Toys("elsewhere")

        def recover(self, error, dreamer, size):
            assert (str(error), size) == ("out of memory", SIZE)
            dreamer.dream = replace(dreamer.dream, octaves=1)
            dreamer.engine = Engine(dreamer.engine.graph, elsewhere.providers[0], A.objective)
            return Recovery((16, 20), elsewhere, "Going on with less.")

        def fail(image):
            raise MemoryError("out of memory")

        monkeypatch.setattr(Toys, "recover", recover)
        show.dreamer.engine.gradient = fail
        dreams = show.everything()
        assert len(dreams) == 20
        assert show.said == ["Going on with less."]
        assert show.stats.skipped == 0
        assert dreams[-1].picture.shape == (16, 20, 3)
        assert dreams[-1].settings["provider"] == "elsewhere"
        assert (show.desk.base["octaves"], show.desk.base["size"]) == (1, "20x16")
        assert show.switcher.platform is elsewhere

    def test_what_there_was_no_room_for_is_tried_again(self, monkeypatch):
        show = Setting(Film(10_000), frames=60)
        show.desk.set("octaves", 3, "start")
        clock = itertools.count(step=100)
        show.dreaming._following._climbing = Climbing(lambda: next(clock))
        gradient = show.dreamer.engine.gradient

        def recover(self, error, dreamer, size):
            dreamer.dream = replace(dreamer.dream, octaves=1)
            dreamer.engine.gradient = gradient
            return Recovery(size, self, "Going on with less.")

        def fail(image):
            raise MemoryError("out of memory")

        monkeypatch.setattr(Toys, "recover", recover)
        show.dreamer.engine.gradient = fail
        dreams = show.everything()
        assert show.said == ["Going on with less."]
        assert show.desk.base["octaves"] == dreams[-1].settings["octaves"] == 3

    def test_the_show_ends_where_every_frame_fails(self):
        show = Setting(Film(10_000, interval=0))
        show.dreamer.engine.gradient = lambda image: 1 / 0
        with pytest.raises(LivedreamError, match=r"100 frames in a row .* the last: ZeroDivision"):
            show.everything()
        assert show.stats.skipped == 100

    @pytest.mark.parametrize("recovers", [True, False])
    def test_a_session_that_is_lost_costs_many_frames_and_counts_once(self, recovers, monkeypatch):
        """Until it is open again; one that is never open for long enough ends the show."""
        monkeypatch.setattr(losses, "PAUSE", 0.0)
        release, failed = threading.Event(), []
        show = Setting(Film(100_000, interval=0), frames=20)

        def lost(image):
            failed.append(1)
            if len(failed) > 3 * MOST:
                release.set()
            raise SessionLost("It is gone.")

        def prepare(self, height, width, background=False):
            assert release.wait(PATIENCE)
            if not recovers:
                raise LivedreamError("no memory")
            self.gradient = partial(ToyEngine.gradient, self)

        def quick(self, objective, sizes, opening):
            prepare(show.dreamer.engine, *SIZE)
            return show.dreamer.engine

        monkeypatch.setattr(Engines, "quick", quick)
        show.dreamer.engine.gradient = lost
        if recovers:
            assert len(show.everything()) == 20
        else:
            with pytest.raises(LivedreamError, match=r"100 frames in a row .* It is gone"):
                show.everything()
        assert show.stats.skipped == len(failed) > 3 * MOST

    def test_a_library_that_ends_the_program_ends_the_show_with_a_word(self):
        show = Setting(Film(10_000))

        def leave(image):
            raise SystemExit(3)

        show.dreamer.engine.gradient = leave
        with pytest.raises(LivedreamError, match="SystemExit: 3"):
            show.everything()

    def test_many_bad_frames_with_good_ones_between_end_nothing(self):
        grey = np.zeros((4, 4), np.uint8)
        show = Setting(Odd(100_000, lambda index: grey if index % 3 else None), frames=90)
        show.capture.source.interval = 0
        assert len(show.everything()) == 90
        assert show.stats.skipped == 178 > MOST

    def test_a_film_of_which_nothing_could_be_dreamt_says_why(self):
        with pytest.raises(LivedreamError, match="no colour picture"):
            Setting(Odd(3, lambda index: np.zeros((4, 4), np.uint8))).everything()

    def test_a_film_that_ends_with_a_bad_frame_has_just_ended(self):
        show = Setting(Odd(8, lambda index: np.zeros((4, 4), np.uint8) if index > 5 else None))
        assert show.everything()
        assert show.stats.skipped > 0

    def test_a_picture_of_another_size_goes_on_and_is_prepared_beside(self):
        wide = np.full((32, 64, 3), 90, np.uint8)
        with Setting(Odd(100_000, lambda index: wide if index > 20 else None)) as show:
            assert show.wait_for(size="40x32").picture.shape == (32, 40, 3)
            assert show.wait_for(size="40x20").picture.shape == (20, 40, 3)
            assert show.desk.base["size"] == "40x32"
            assert show.stats.skipped == 0

    def test_a_size_that_the_camera_wants_and_cannot_have_is_asked_for_once(self, monkeypatch):
        tried = []

        def full(self, height, width, background=False):
            tried.append((height, width))
            raise LivedreamError("no memory for that")

        wide = np.full((32, 64, 3), 90, np.uint8)
        with Setting(Odd(100_000, lambda index: wide if index > 5 else None)) as show:
            monkeypatch.setattr(Engine, "prepare", full)
            until(lambda: show.said)
            for _ in range(20):
                assert show.next().picture.shape == (32, 40, 3)
            assert tried == [(20, 40)]
            assert show.said == ["no memory for that"]
            # Anything else may be asked for, and after it the same once more.
            show.desk.set("octaves", 2, "key")
            until(lambda: len(show.said) == 3)
            for _ in range(20):
                show.next()
            assert tried == [(20, 40), (14, 29), (20, 40)]
            assert show.desk.base["octaves"] == 1


def test_it_rests_while_an_engine_is_timed(monkeypatch):
    """Until that is done, or the rest is over; not where it is to play on."""
    monkeypatch.setattr(loop, "WAIT", 0.001)
    answers: list[bool] = []

    class Times:
        @property
        def timing(self) -> bool:
            return answers.pop(0)

    for rest, left in ((1000.0, []), (0.0, [True, True, False])):
        answers[:] = [True, True, True, False]
        playing: Any = SimpleNamespace(switcher=Times(), _rest=rest, _stopping=threading.Event())
        Dreaming._give_way(playing)
        assert answers == left

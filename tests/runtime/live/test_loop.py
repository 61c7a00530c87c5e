"""The dreaming thread and the switch to another engine, with toys for camera and network."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.errors import LivedreamError
from livedream.runtime.frame import Frame
from livedream.runtime.gradient.exporting import Cancelled
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.providers import PROVIDERS, Provider
from livedream.runtime.gradient.selection import Engines, Opening
from livedream.runtime.gradient.switching import Switcher
from livedream.runtime.live.loop import Dreaming
from livedream.runtime.live.slot import Capture, Closed
from livedream.runtime.stats import Stats

from ..toy import ToyEngine


class Film:
    """`count` frames whose brightness tells their number, as fast as they are taken."""

    live = False
    cost = 0.0

    def __init__(self, count: int, interval: float = 0.002, error: Exception | None = None) -> None:
        self.count, self.interval, self.error = count, interval, error
        self.index = 0

    def describe(self) -> str:
        return "film"

    def read(self) -> Frame | None:
        time.sleep(self.interval)
        if self.index == self.count:
            if self.error:
                raise self.error
            return None
        image = np.full((32, 40, 3), 40 + self.index % 150, np.uint8)
        image[:, :10] += 20
        self.index += 1
        return Frame(image, time.monotonic(), self.index - 1)

    def close(self) -> None: ...


class Network:
    """Three layers, each a graph of its own. prepare: called with the layers of a new graph."""

    layers = {"a": 1, "b": 2, "c": 3}  # noqa: RUF012
    request = SimpleNamespace(precision="auto")
    graph = None

    def __init__(self, prepare=lambda layers, cancel: None) -> None:
        self.prepare = prepare

    def graph_for(self, objective, provider, progress, background, cancel):
        self.prepare(str(objective), cancel)
        return SimpleNamespace(layers=dict.fromkeys(objective.layers, 1))


class Engine(ToyEngine):
    """Keeps the sizes that were opened in common with those steered from it."""

    def __init__(self, graph, provider, objective, sizes=None) -> None:
        super().__init__()
        self.graph, self.provider, self.objective = graph, provider, objective
        self.sizes = set() if sizes is None else sizes
        self.closed = threading.Event()

    def steered(self, objective) -> Engine:
        return Engine(self.graph, self.provider, objective, self.sizes)

    def prepare(self, height: int, width: int, background: bool = False) -> None:
        self.sizes.add((height, width))

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


SIZE = (32, 40)
ONE = Dream(octaves=1, steps=1, jitter=2, half_life=1)
QUIET = Opening(lambda stage, part: None, lambda text: None)


def switching(network: Network | None = None, toys: Toys | None = None) -> tuple[Switcher, list]:
    """One that plays layer a, and what it said."""
    said: list[str] = []
    engines = Engines(network or Network(), toys or Toys())
    engine = engines.quick(parse_objective("a"), lambda minimum: [SIZE], QUIET)
    return Switcher(engines, engine, ONE, SIZE, said.append), said


def setting(film: Film, network: Network | None = None, **options) -> tuple[Dreaming, Switcher]:
    stats = Stats()
    switcher, _ = switching(network)
    dreamer = Dreamer(CpuDevice(), switcher._newest.engine, ONE)
    capture = Capture(film, stats).start()
    dreaming = Dreaming(
        capture, dreamer, switcher, stats, live=True, box=None, **options
    )  # fmt: skip
    return dreaming, switcher


def until(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def drain(dreaming: Dreaming) -> None:
    while True:
        dreaming.output.take(5)


def everything(dreaming: Dreaming) -> list:
    seen = []
    dreaming.listener = seen.append
    dreaming.start()
    with pytest.raises(Closed):
        drain(dreaming)
    return seen


def test_it_ends_with_the_film_and_after_so_many_frames():
    assert everything(setting(Film(20))[0])
    assert len(everything(setting(Film(10_000), frames=7)[0])) == 7


def test_an_error_of_the_source_reaches_the_one_who_shows():
    dreaming, _ = setting(Film(3, error=LivedreamError("lost")))
    dreaming.start()
    with pytest.raises(LivedreamError, match="lost"):
        drain(dreaming)


def test_frames_pass_mirrored_and_freeze_holds_the_picture():
    dreaming, _ = setting(Film(10_000))
    dreaming.mirror = True
    dreaming.start()
    first = dreaming.output.take(5)
    assert first.picture[0, -1, 0] > first.picture[0, 0, 0]
    dreaming.frozen = True
    dreaming.output.take(5)
    held = dreaming.output.take(5)
    later = [dreaming.output.take(5) for _ in range(5)]
    assert all(np.array_equal(each.picture, held.picture) for each in later)
    assert later[-1].time > held.time
    dreaming.stop()


def test_a_layer_changes_while_frames_go_on():
    release, opened = threading.Event(), []

    def slow(layers, cancel):
        opened.append(layers)
        if layers != "a":
            release.wait(5)

    dreaming, switcher = setting(Film(100_000), Network(slow))
    dreaming.start()
    dreaming.output.take(5)
    old = dreaming.dreamer.engine
    switcher.request(switcher.neighbour(1), switcher.dream, dreaming.size)
    assert str(switcher.objective) == "b"
    before = dreaming._stats.frames
    until(lambda: dreaming._stats.frames > before + 5)
    assert str(dreaming.dreamer.engine.objective) == "a"
    assert not old.closed.is_set()
    release.set()
    until(lambda: str(dreaming.dreamer.engine.objective) == "b")
    assert opened == ["a", "b"]
    assert dreaming.dreamer.engine.sizes == {SIZE}
    assert old.closed.wait(5)
    assert switcher.message == ""
    assert not dreaming.dreamer.engine.closed.is_set()
    dreaming.stop()
    switcher.close()
    assert dreaming.dreamer.engine.closed.is_set()


def test_only_the_newest_request_counts_and_an_older_export_is_called_off():
    called_off = []

    def slow(layers, cancel):
        if layers == "b":
            assert cancel.wait(5)
            called_off.append("b")
            raise Cancelled("called off")

    switcher, _ = switching(Network(slow))
    for name in "bc":
        switcher.request(parse_objective(name), Dream(), SIZE)
    until(lambda: switcher._ready is not None)
    assert called_off in ([], ["b"])
    assert str(switcher.take().engine.objective) == "c"
    assert switcher.take() is None
    assert str(switcher.neighbour(1)) == "a"


def test_values_changed_while_a_layer_opens_are_kept():
    release, opened = threading.Event(), []

    def slow(layers, cancel):
        opened.append(layers)
        if layers != "a":
            release.wait(5)

    switcher, _ = switching(Network(slow))
    switcher.request(parse_objective("b"), Dream(), SIZE)
    until(lambda: "b" in opened)
    switcher.request(switcher.objective, Dream(octaves=3), SIZE)
    release.set()
    until(lambda: switcher._ready is not None)
    ready = switcher.take()
    assert (str(ready.engine.objective), ready.dream.octaves) == ("b", 3)
    assert opened == ["a", "b"]


def test_a_layer_that_does_not_open_leaves_the_old_one_and_says_so():
    def broken(layers, cancel):
        if layers == "b":
            raise LivedreamError("no room on the disk")

    switcher, said = switching(Network(broken))
    switcher.request(parse_objective("b"), Dream(octaves=4), SIZE)
    until(lambda: said == ["no room on the disk"])
    assert str(switcher.objective) == "a"
    assert switcher.dream == ONE
    assert str(switcher.take().engine.objective) == "a"
    switcher.request(parse_objective("c"), Dream(), SIZE)
    until(lambda: switcher._ready is not None)
    assert str(switcher.take().engine.objective) == "c"


def test_an_error_of_a_library_is_told_and_does_not_end_the_changing():
    toys = Toys()
    switcher, said = switching(toys=toys)
    toys.trouble["quick"] = RuntimeError("CUDA_ERROR_OUT_OF_MEMORY")
    switcher.request(parse_objective("b"), ONE, SIZE)
    until(lambda: said == ["quick could not be opened: CUDA_ERROR_OUT_OF_MEMORY."])
    toys.trouble.clear()
    switcher.request(parse_objective("b"), ONE, SIZE)
    until(lambda: switcher._ready is not None and not switcher._working)
    assert str(switcher.take().engine.objective) == "b"


def test_a_better_provider_takes_over_and_every_change_starts_with_the_quick_one():
    started, release = threading.Event(), threading.Event()

    def slow(layers, cancel):
        if started.is_set() and cancel is None:  # a build, which nothing calls off
            release.wait(5)

    switcher, said = switching(Network(slow), Toys("slow", "quick"))
    assert switcher._newest.engine.provider.name == "quick"
    started.set()
    switcher.improve()
    switcher.request(parse_objective("b"), ONE, SIZE)
    until(lambda: switcher._ready is not None)
    ready = switcher.take()
    assert (ready.engine.provider.name, str(ready.engine.objective)) == ("quick", "b")
    release.set()
    until(lambda: said)
    assert said == ["slow takes over."]
    ready = switcher.take()
    assert (ready.engine.provider.name, str(ready.engine.objective)) == ("slow", "b")
    assert switcher.take() is None
    # Only another way to look at what is open already: no step back.
    switcher.request(parse_objective("b:0"), ONE, SIZE)
    until(lambda: switcher._ready is not None)
    ready = switcher.take()
    assert (ready.engine.provider.name, str(ready.engine.objective)) == ("slow", "b:0")
    # New octaves: the quick one has them at once, the slow one later.
    more = replace(ONE, octaves=2)
    switcher.request(parse_objective("b"), more, SIZE)
    until(lambda: switcher._ready is not None)
    assert switcher.take().engine.provider.name == "quick"
    until(lambda: said == ["slow takes over."] * 2)
    ready = switcher.take()
    assert ready.engine.provider.name == "slow"
    assert ready.dream == more
    assert len(ready.engine.sizes) == 2


def test_a_provider_that_fails_is_not_tried_at_every_key():
    toys = Toys("slow", "quick")
    toys.trouble["slow"] = LivedreamError("slow computes wrong.")
    switcher, said = switching(toys=toys)
    switcher.improve()
    until(lambda: said == ["slow computes wrong."])
    for octaves in (2, 3):
        switcher.request(switcher.objective, replace(ONE, octaves=octaves), SIZE)
        until(lambda: switcher._ready is not None)
        assert switcher.take().engine.provider.name == "quick"
    assert said == ["slow computes wrong."]
    assert [engine.provider.name for engine in toys.made] == ["quick", "slow"]

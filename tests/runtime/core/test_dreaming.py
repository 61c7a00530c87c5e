"""The dreaming thread and the switch to another engine, with toys for camera and network."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from livedream.runtime import switching
from livedream.runtime.cpu import CpuDevice
from livedream.runtime.dreamer import Dreamer
from livedream.runtime.dreaming import Dreaming
from livedream.runtime.errors import LivedreamError
from livedream.runtime.frame import Frame
from livedream.runtime.objective import parse_objective
from livedream.runtime.on_demand import Cancelled
from livedream.runtime.parameters import Dream
from livedream.runtime.slot import Capture, Closed
from livedream.runtime.stats import Stats
from livedream.runtime.switching import Switcher

from .toy import ToyEngine


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
    """Three layers; engines are toys."""

    layers = {"a": 1, "b": 2, "c": 3}  # noqa: RUF012


class Engine(ToyEngine):
    """An engine whose graph taps the layers of its objective."""

    def __init__(self, objective: str) -> None:
        super().__init__()
        self.objective = parse_objective(objective)
        self.provider = None
        self.graph = type("Graph", (), {"layers": dict.fromkeys(self.objective.layers, 1)})

    def steered(self, objective) -> Engine:
        return Engine(str(objective))


def setting(film: Film, **options) -> tuple[Dreaming, Switcher]:
    engine = Engine("a")
    dream = Dream(octaves=1, steps=1, jitter=2, half_life=1)
    stats = Stats()
    switcher = Switcher(Network(), engine, dream)
    dreamer = Dreamer(CpuDevice(), engine, dream, stats=stats)
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


def test_a_layer_changes_while_frames_go_on(monkeypatch):
    release = threading.Event()
    opened = []

    def slow(network, objective, sizes, *, background, **_):
        assert background
        opened.append((str(objective), list(sizes(8))))
        release.wait(5)
        return Engine(str(objective))

    monkeypatch.setattr(switching, "open_engine", slow)
    dreaming, switcher = setting(Film(100_000))
    dreaming.start()
    dreaming.output.take(5)
    switcher.request(switcher.neighbour(1), switcher.dream, dreaming.size)
    assert str(switcher.objective) == "b"
    before = dreaming._stats.frames
    until(lambda: dreaming._stats.frames > before + 5)
    assert str(dreaming.dreamer.engine.objective) == "a"
    release.set()
    until(lambda: str(dreaming.dreamer.engine.objective) == "b")
    assert opened == [("b", [(32, 40)])]
    assert switcher.message == ""
    dreaming.stop()


def test_only_the_newest_request_counts_and_an_older_export_is_called_off(monkeypatch):
    called_off = []

    def slow(network, objective, sizes, *, cancel, **_):
        if str(objective) == "b":
            assert cancel.wait(5)
            called_off.append("b")
            raise Cancelled("called off")
        return Engine(str(objective))

    monkeypatch.setattr(switching, "open_engine", slow)
    switcher = Switcher(Network(), Engine("a"), Dream())
    for name in "bc":
        switcher.request(parse_objective(name), Dream(), (32, 40))
    until(lambda: switcher._ready is not None)
    assert called_off in ([], ["b"])
    assert str(switcher.take().engine.objective) == "c"
    assert switcher.take() is None
    assert str(switcher.neighbour(1)) == "a"


def test_values_changed_while_a_layer_opens_are_kept(monkeypatch):
    release, opened = threading.Event(), []

    def slow(network, objective, sizes, **_):
        opened.append(str(objective))
        release.wait(5)
        return Engine(str(objective))

    monkeypatch.setattr(switching, "open_engine", slow)
    switcher = Switcher(Network(), Engine("a"), Dream())
    switcher.request(parse_objective("b"), Dream(), (32, 40))
    until(lambda: opened)
    switcher.request(switcher.objective, Dream(octaves=3), (32, 40))
    release.set()
    until(lambda: switcher._ready is not None)
    ready = switcher.take()
    assert (str(ready.engine.objective), ready.dream.octaves) == ("b", 3)
    assert opened == ["b"]


def test_a_layer_that_does_not_open_leaves_the_old_one_and_says_so(monkeypatch):
    def broken(*_, **__):
        raise LivedreamError("no room on the disk")

    monkeypatch.setattr(switching, "open_engine", broken)
    switcher = Switcher(Network(), Engine("a"), Dream())
    switcher.request(parse_objective("b"), Dream(), (32, 40))
    until(lambda: switcher.message == "no room on the disk")
    assert str(switcher.objective) == "a"
    assert switcher.take() is None

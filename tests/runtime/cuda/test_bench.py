"""The benchmark on a card, and the card's clock: events are read late and not waited for.

The time of the card that works as late as it may passes by one millisecond with every kernel.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from livedream.kernels.launcher import Launcher
from livedream.runtime.bench.clocks import HostClock, StreamClock, clocks_of
from livedream.runtime.bench.opened import Opened
from livedream.runtime.bench.schema import read_report
from livedream.runtime.bench.stage_times import StageTimes
from livedream.runtime.bench.synthetic_camera import drawn_frames
from livedream.runtime.bench.whole_frame import Film
from livedream.runtime.cli.bench import bench
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.stages import STAGES, TimedDreamer
from livedream.runtime.dream.values import Dream

from ...kernels.host import HostCompiler
from .fakes import Event, LateBackend, Mark, pictures_on
from .test_commands import graph as graph
from .test_commands import playground as playground

LIVE = Dream(
    octaves=2, steps=1, step_size=2, jitter=4, blur=1, coarseness=1, half_life=1, strength=12
)


class Timed(Mark):
    """A mark that knows when it happened."""

    def __init__(self, backend: TimedBackend, stream: Any) -> None:
        self.stream = stream.handle
        self._backend = backend
        self._time: int | None = None

    @property
    def happened(self) -> bool:
        return self._time is not None

    @happened.setter
    def happened(self, value: bool) -> None:
        self._time = self._backend.now

    @property
    def time(self) -> int:
        assert self._time is not None, "read before the card got there"
        return self._time


class TimedBackend(LateBackend):
    def __init__(self, compiler: HostCompiler) -> None:
        super().__init__(compiler, eager=False)
        self.now = 0

    def launch(self, *arguments: Any) -> None:
        super().launch(*arguments)
        self._queue(arguments[-1], self._pass)

    def _pass(self) -> None:
        self.now += 1

    def mark(self, stream: Any) -> Event:
        event = Event()
        event.mark = Timed(self, stream)
        self._queue(stream, event.mark)
        return event

    def elapsed(self, start: Any, end: Any) -> float:
        return float(end.mark.time - start.mark.time)


class Climbing:
    """An engine on the card that climbs the image itself: no waiting."""

    minimum_size = 8

    def gradient(self, image: Any) -> Any:
        return image


class Case:
    """As much of an opened case as a film needs."""

    live, engine = True, Climbing()

    def __init__(self, device: CudaDevice) -> None:
        self.device = device

    def dreamer(self, stage: Any = None, **options: Any) -> Dreamer[Any]:
        if stage is None:
            return Dreamer(self.device, self.engine, LIVE)  # pyright: ignore
        return TimedDreamer(self.device, self.engine, LIVE, stage=stage, **options)


@pytest.fixture(params=[0, 1])
def late(request, compiler) -> tuple[CudaDevice, TimedBackend]:
    """ahead=0 and 1."""
    backend = TimedBackend(compiler)
    launcher = Launcher(backend)  # pyright: ignore[reportArgumentType]
    return CudaDevice(launcher, ahead=request.param), backend


def run(case: Case, frames: int, times: StageTimes | None) -> None:
    film = Film(case, drawn_frames((64, 48), count=frames), times)  # pyright: ignore
    for _ in range(frames):
        film.run()


def test_a_card_has_two_clocks_and_the_processor_one(late):
    host, card = clocks_of(late[0])
    assert isinstance(host, HostClock)
    assert isinstance(card, StreamClock)
    assert [clock.name for clock in clocks_of(CpuDevice())] == ["host"]


def test_a_frame_by_stage_on_the_card_s_own_clock(late):
    device, _ = late
    times = StageTimes(clocks_of(device))
    run(Case(device), 4, times)
    assert [len(frames) for frames in times.frames] == [3, 3]
    times.finish()
    on_host, on_card = times.frames
    for frame in on_card[1:]:
        assert set(frame) == {*STAGES.values(), "frame"}
        # Every kernel lies in one stage, and takes a millisecond.
        parts = sum(frame.values()) - frame["frame"]
        assert parts == pytest.approx(frame["frame"])
        assert round(1000 * frame["frame"], 6) > 10
        assert frame["blur"] > 0
        assert frame["download"] > 0
    assert len(on_host) == len(on_card) == 4


def test_measuring_waits_no_more_than_dreaming(late):
    device, backend = late
    waited = []
    for times in (None, StageTimes(clocks_of(device))):
        backend.counts.clear()
        run(Case(device), 4, times)
        waited.append(backend.counts["synchronisations"])
    assert waited[0] == waited[1]


def test_the_picture_is_there_when_the_frame_is_over(late):
    device, backend = late
    run(Case(device), 2, StageTimes(clocks_of(device)))
    copies = [queue for handle, queue in backend.queues.items() if handle != device.stream.handle]
    assert all(not queue for queue in copies)


def test_a_step_is_over_when_the_card_is_done(late):
    device, backend = late

    class Blurring(Climbing):
        def gradient(self, image: Any) -> Any:
            return device.blur(image, 1.0)

    engines: Any = SimpleNamespace(platform=SimpleNamespace(device=device))
    engine: Any = Blurring()
    choices: Any = None
    opened = Opened(choices, engines, engine, LIVE, live=True, size=(48, 64))
    image = device.upload(drawn_frames((64, 48), count=1)[0])
    opened.gradient(image)
    assert backend.now > 0
    assert not backend.queues[device.stream.handle]


def test_the_dream_is_the_same(late):
    device, _ = late
    pictures = drawn_frames((64, 48), count=3)
    shown = []
    for times in (None, StageTimes(clocks_of(device))):
        film = Film(Case(device), pictures, times)  # pyright: ignore
        dreams: list[np.ndarray] = []
        live = film._dreamer.live
        film._dreamer.live = lambda *given, live=live, dreams=dreams: (
            dreams.append(np.asarray(live(*given))) or dreams[-1]
        )
        for _ in pictures:
            film.run()
        shown.append(dreams)
    assert all(np.array_equal(a, b) for a, b in zip(*shown, strict=True))


@pytest.mark.usefixtures("uncollected")
def test_the_whole_benchmark_on_a_card(playground, graph, monkeypatch, capsys):
    """Measured by the command, from the opening to the file."""

    def mark(stream: Any) -> Event:
        event = Event()
        event.time = time.perf_counter()  # pyright: ignore[reportAttributeAccessIssue]
        return event

    backend = playground.backend
    held = pictures_on(backend)
    monkeypatch.setattr(backend, "mark", mark)
    monkeypatch.setattr(
        backend, "elapsed", lambda start, end: 1000 * (end.time - start.time), raising=False
    )
    arguments = ["--graph", graph, "--size", "40x32", "--seconds", "0.2", "--json", "a.json"]
    arguments += ["--picture", "80x64"]
    bench.main([*map(str, arguments), "--html", "a.html"], standalone_mode=False)
    report = read_report(Path("a.json"))
    assert not report.failures
    assert not report.partial
    (case,) = report.cases
    assert (case.provider, case.asked_provider) == ("tensorrt", "auto")
    assert case.parity
    assert case.parity.cosine > 0.9999
    assert case.step
    assert case.step.floor_share is None
    assert case.frame
    assert case.frame.overhead
    names = list(dict.fromkeys(STAGES.values()))
    for clock in ("host", "card"):
        stages = [stage for stage in case.frame.stages if stage.clock == clock]
        assert [stage.name for stage in stages] == names
        assert all(stage.floor_ms is None for stage in stages)
    # The next case has the card to itself.
    assert pictures_on(backend) == held

"""A sink that fails, blocks or is slow: what it costs the others, what is told, how it is back."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.sinks import outlet as module
from livedream.runtime.sinks.outlet import Outlet

from ...patience import PATIENCE, until
from .sinks import AT_ONCE, Noted, Told, picture


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told() -> Told:
    return Told()


def test_pictures_arrive_and_their_age_is_known(told):
    sink, clock = Noted(), Clock()
    outlet = Outlet(sink, told, clock=clock)
    clock.now = 7.5
    outlet.put(picture(1), 7.0)
    sink.wait(1)
    assert outlet.close()
    assert sink.values == [1]
    assert sink.opened == [((64, 48), module.RATE)]
    assert told == ["Sending to a notebook"]
    assert outlet.report() == {
        "name": "noted", "state": "open", "sent": 1, "dropped": 0, "failures": 0,
        "age_ms": {"count": 1, "mean": 500, "p50": 500, "p95": 500, "p99": 500, "max": 500},
    }  # fmt: skip


def test_a_slow_sink_gets_the_newest_picture_and_misses_those_between(told):
    go, begun = threading.Event(), threading.Event()

    def wait(image: np.ndarray) -> None:
        begun.set()
        assert go.wait(PATIENCE)

    sink = Noted(wait)
    outlet = Outlet(sink, told)
    outlet.put(picture(0), 0.0)
    assert begun.wait(PATIENCE)
    for value in range(1, 100):
        outlet.put(picture(value), float(value))
    go.set()
    sink.wait(2)
    outlet.close()
    assert sink.values == [0, 99]
    assert outlet.dropped == 98


def test_a_failure_is_told_once_and_it_is_opened_again_until_it_works(told):
    tries = iter(range(100))

    def fail(image: np.ndarray) -> None:
        if next(tries) < 5:
            raise LivedreamError("The cable is out.")

    sink, clock = Noted(fail), Clock()
    outlet = Outlet(sink, told, pauses=AT_ONCE, clock=clock)
    for value in range(6):
        outlet.put(picture(value), 0.0)
        until(lambda value=value: not outlet.failures <= value < 5)
    sink.wait(1)
    assert outlet.failures == 5
    assert len(sink.opened) == 6
    assert sink.closed == 5
    assert told == ["Sending to a notebook", "noted: The cable is out. It is tried again."]
    clock.now = module.SETTLED + 1  # It worked long enough to count.
    outlet.put(picture(9), 0.0)
    assert told.wait("is back") == "noted is back"
    outlet.put(picture(9), 0.0)
    sink.wait(3)
    outlet.close()
    assert len(told) == 3


def test_pauses_grow_while_it_fails_at_every_picture(told):
    class Growing:
        def __iter__(self):
            for number in range(1000):
                asked.append(number)
                yield 0.0

    def fail(image: np.ndarray) -> None:
        raise ValueError("never")

    asked: list[int] = []
    sink = Noted(fail)
    outlet = Outlet(sink, told, pauses=Growing())  # pyright: ignore[reportArgumentType]
    until(lambda: outlet.put(picture(1), 0.0) or len(asked) >= 4)
    outlet.close()
    assert asked[:4] == [0, 1, 2, 3], "an opening that works is no success yet"


def test_a_sink_that_blocks_is_told_and_left_behind(told):
    go, begun, clock = threading.Event(), threading.Event(), Clock()

    def block(image: np.ndarray) -> None:
        begun.set()
        go.wait(PATIENCE)

    outlet = Outlet(Noted(block), told, clock=clock)
    outlet.put(picture(0), 0.0)
    assert begun.wait(PATIENCE)
    outlet.look()
    assert outlet.state == "open"
    clock.now = module.STUCK + 0.1
    for _ in range(3):
        outlet.look()
    assert outlet.state == "blocked"
    assert told[1:] == ["noted does not take pictures at present; the show goes on."]
    assert not outlet.close(timeout=0)
    go.set()
    assert outlet.close(), "what was blocked ends once it can"


def test_a_fixed_sink_keeps_its_size_and_the_picture_its_shape(told):
    sink = Noted()
    sink.fixed = True
    outlet = Outlet(sink, told)
    for number, (width, height) in enumerate(((65, 49), (30, 60), (640, 100)), 1):
        outlet.put(picture(200, width, height), 0.0)
        sink.wait(number)
    outlet.close()
    assert sink.opened == [((66, 50), module.RATE)], "even, and opened once"
    assert {image.shape for image, _ in sink.got} == {(50, 66, 3)}
    tall, wide = sink.got[1][0], sink.got[2][0]
    assert [tall[25, x, 0] for x in (2, 33)] == [0, 200]
    assert [wide[y, 33, 0] for y in (2, 25)] == [0, 200]


def test_a_steady_sink_gets_the_newest_picture_again(told):
    sink = Noted()
    outlet = Outlet(sink, told, rate=200)
    outlet.put(picture(1), 0.0)
    sink.wait(12)
    outlet.put(picture(2), 0.0)
    until(lambda: 2 in sink.values)
    outlet.close()
    assert sink.opened == [((64, 48), 200)]
    assert sink.values[:3] == [1, 1, 1]
    assert sink.values == sorted(sink.values)
    times = [time for _, time in sink.got]
    assert min(np.diff(times)) > 1 / 200 - 1e-9

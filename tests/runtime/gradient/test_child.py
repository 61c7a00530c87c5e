"""The process that waits for the next sessions: real ones."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from livedream.runtime.gradient import child as module
from livedream.runtime.gradient.child import PLAYS, WAITS, Spare
from livedream.runtime.gradient.process import Sessions
from livedream.runtime.gradient.providers import PROVIDERS

from ...patience import until
from ..toy_graph import write_toy
from .test_process import CHANNELS, CPU, SIZE, STEERING, expected, gone, image

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def spare():
    made = Spare()
    made.fill(CPU)
    yield made
    made.close()


def test_the_next_sessions_take_the_one_that_waits_and_later_ones_a_new_one(spare, tmp_path):
    graph, waiting = write_toy(tmp_path / "toy.onnx"), spare.pid
    spare.fill(CPU)
    assert spare.pid == waiting
    first, second = (Sessions(graph, CPU, CHANNELS, spare) for _ in range(2))
    for each in (first, second):
        each.open(SIZE, STEERING)
        assert np.allclose(each.run(image(0), STEERING), expected(image(0), 2), atol=1e-5)
    assert (first.pid, spare.pid) == (waiting, None)
    assert second.pid not in (None, waiting)
    for each in (first, second):
        each.close()
    assert gone(waiting)


@posix
def test_one_that_died_while_it_waited_is_not_handed_out(spare):
    dead = spare.pid
    os.kill(dead, signal.SIGKILL)
    until(lambda: spare.pid is None)
    taken = spare.take()
    assert taken.alive
    assert taken.process.pid != dead
    taken.end()
    taken.release()
    spare.fill(CPU)
    assert spare.pid not in (None, dead)


@pytest.mark.parametrize("how", ["closed", "forgotten"])
def test_none_waits_where_nobody_needs_it(how):
    spare = Spare()
    spare.fill(CPU)
    waiting = spare.pid
    if how == "closed":
        spare.close()
        assert gone(waiting)
        spare.fill(CPU)
        assert spare.pid is None
    else:
        del spare
        gc.collect()
        assert gone(waiting)


def test_nothing_stays_open_here(spare):
    here = psutil.Process()
    files = here.num_fds() if os.name == "posix" else 0
    for _ in range(3):
        taken = spare.take()
        taken.end()
        taken.release()
        spare.fill(CPU)
    assert (here.num_fds() if os.name == "posix" else 0) == files


def test_a_provider_that_does_not_start_is_no_trouble_until_it_is_needed(tmp_path):
    spare = Spare()
    spare.fill(PROVIDERS["tensorrt"])
    made = Sessions(write_toy(tmp_path / "toy.onnx"), CPU, CHANNELS, spare)
    made.open(SIZE, STEERING)
    assert made.run(image(0), STEERING).shape == image(0).shape
    made.close()
    spare.close()


def test_where_no_process_can_start_nobody_hears_before_one_is_needed(monkeypatch):
    monkeypatch.setattr(module, "COMMAND", ("/nowhere/python",))
    spare = Spare()
    spare.fill(CPU)
    assert spare.pid is None
    with pytest.raises(module.LivedreamError, match="cannot start"):
        spare.take()


@pytest.mark.skipif(
    sys.platform != "linux" or not Path("/proc/self/autogroup").exists(), reason="Linux' groups"
)
def test_it_waits_at_low_priority_and_works_below_what_shows(spare):
    def nice(pid: int) -> int:
        return int(Path(f"/proc/{pid}/autogroup").read_text().split()[-1])

    waiting = spare.pid
    assert nice(waiting) == WAITS
    taken = spare.take()
    assert taken.process.pid == waiting
    assert nice(waiting) == PLAYS
    assert psutil.Process(waiting).nice() == psutil.Process().nice()
    taken.end()
    taken.release()

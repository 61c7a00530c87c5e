"""Sessions in a process of their own, with the real onnxruntime on a toy graph."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient import host as engine_module
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.host import HostEngine
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.process import RemoteSession, holds_lock
from livedream.runtime.gradient.providers import PROVIDERS

from ..toy_graph import write_toy

CPU = PROVIDERS["cpu"]
CHANNELS = {"a.square": 4, "a.linear": 4}


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("graph") / "toy.onnx")


def image(seed: int, height: int = 20, width: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).random((3, height, width), np.float32)


def expected(picture: np.ndarray, weight: float) -> np.ndarray:
    return (picture - picture.mean()) * weight


def test_versions():
    assert [holds_lock(text) for text in ("1.24.1", "1.30.0", "1.31.1", "2.0.0")] == [
        True, True, False, False
    ]  # fmt: skip


@pytest.fixture
def beside(monkeypatch):
    """As if the onnxruntime here held the lock."""
    monkeypatch.setattr(engine_module, "holds_lock", lambda version: True)


def test_an_engine_beside_a_picture_computes_the_same_elsewhere(graph, beside):
    made = HostEngine(read_graph(graph), CPU, parse_objective("a*3"))
    made.prepare(20, 24)
    made.prepare(31, 17, background=True)
    kinds = {size: type(session) for size, session in made._sessions.items()}
    assert kinds[20, 24] is not RemoteSession
    assert kinds[31, 17] is RemoteSession
    other = made.steered(parse_objective("a:1*8"))
    for seed in range(3):
        for height, width in ((20, 24), (31, 17)):
            picture = image(seed, height, width)
            for engine, weight in ((made, 3), (other, 8)):
                gradient = engine.gradient(picture)
                assert np.allclose(gradient, expected(picture, weight), atol=1e-5)
    kept = made.gradient(image(0, 31, 17))
    before = kept.copy()
    made.gradient(image(1, 31, 17))
    assert np.array_equal(kept, before)
    child = made._sessions[31, 17]._child
    made.close()
    assert child.poll() is not None
    assert not made.prepared(20, 24)


def test_nothing_stays_behind(graph):
    session = RemoteSession(graph, CPU, size=(20, 24), channels=CHANNELS)
    child, folder = session._child, session._folder
    assert not folder.exists()
    child.send_signal(signal.SIGINT)  # as Ctrl-C in a terminal does to all of its processes
    feeds = {"image": image(0)[None], **{name: np.ones(4, np.float32) for name in CHANNELS}}
    (gradient,) = session.run(["gradient"], feeds)
    assert np.allclose(gradient[0], expected(image(0), 2), atol=1e-5)
    session.close()
    session.close()
    assert child.poll() is not None
    with pytest.raises(LivedreamError, match="closed"):
        session.run(["gradient"], feeds)


def test_it_ends_with_the_program(graph):
    session = RemoteSession(graph, CPU, size=(20, 24), channels=CHANNELS)
    child = session._child
    child.stdin.close()
    assert child.wait(20) == 0


def test_a_process_that_dies_is_an_error(graph):
    session = RemoteSession(graph, CPU, size=(20, 24), channels=CHANNELS)
    os.kill(session._child.pid, signal.SIGKILL)
    feeds = {"image": image(0)[None], **{name: np.ones(4, np.float32) for name in CHANNELS}}
    with pytest.raises(LivedreamError, match=r"process that computes the gradient ended"):
        session.run(["gradient"], feeds)
    session.close()


def test_a_graph_that_does_not_open_is_told_as_here(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    with pytest.raises(LivedreamError, match=r"cpu could not open broken.onnx at 24x20"):
        RemoteSession(broken, CPU, size=(20, 24), channels=CHANNELS)

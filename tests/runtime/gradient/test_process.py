"""Sessions in a process of their own, with the real onnxruntime on a toy graph: killed, stopped,
closed and left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from livedream.runtime.errors import LivedreamError, SessionLost, UsageError
from livedream.runtime.gradient import process
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.host import HostEngine
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.process import Sessions
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.yielding import LONGEST

from ...patience import PATIENCE
from ..toy_graph import write_endless, write_toy
from .test_yielding import turns_of

CPU = PROVIDERS["cpu"]
SIZE, OTHER = (20, 24), (31, 17)
CHANNELS = {"a.square": 4, "a.linear": 4}
STEERING = {name: np.ones(4, np.float32) for name in CHANNELS}

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("graph") / "toy.onnx")


@pytest.fixture
def sessions(graph):
    made = Sessions(graph, CPU, CHANNELS)
    made.open(SIZE, STEERING)
    yield made
    made.close()


def image(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).random((3, *size), np.float32)


def expected(picture: np.ndarray, weight: float) -> np.ndarray:
    return (picture - picture.mean()) * weight


def gone(pid: int) -> bool:
    """Whether the process ends within reason; one that nobody waited for counts as ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_one_process_computes_at_all_sizes_for_all_objectives(graph):
    made = HostEngine(read_graph(graph), CPU, parse_objective("a*3"))
    made.prepare(*SIZE)
    made.prepare(*OTHER)
    pid = made._sessions.pid
    other = made.steered(parse_objective("a:1*8"))
    for seed in range(3):
        for size in (SIZE, OTHER):
            picture = image(seed, size)
            for engine, weight in ((made, 3), (other, 8)):
                assert np.allclose(engine.gradient(picture), expected(picture, weight), atol=1e-5)
                assert np.allclose(engine.reference(picture), expected(picture, weight), atol=1e-5)
    assert turns_of(pid) in (set(), {LONGEST})  # What shows the picture breaks them off.
    kept = made.gradient(image(0))
    before = kept.copy()
    made.gradient(image(1))
    assert np.array_equal(kept, before)
    assert made._sessions.pid == pid
    made.keep([OTHER])
    assert not made.prepared(*SIZE)
    assert other.prepared(*OTHER)
    assert other.gradient(image(0)).shape == (3, *SIZE)  # opened again, by whoever needs it
    made.close()
    made.close()
    assert gone(pid)
    assert not other.prepared(*OTHER)
    with pytest.raises(LivedreamError, match="closed"):
        other.gradient(image(0))
    with pytest.raises(UsageError, match="10x40 is too small: toy needs at least 16"):
        made.prepare(40, 10)


def test_it_imports_what_it_needs_and_no_more():
    script = (
        "import sys, livedream.runtime.gradient.serving; "
        "sys.exit(bool({'cv2', 'click', 'rich', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=PATIENCE).returncode == 0


@posix
def test_signals_in_the_terminal_are_not_for_it(sessions):
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(sessions.pid, number)
    assert np.allclose(sessions.run(image(0), STEERING), expected(image(0), 2), atol=1e-5)
    assert os.getpgid(sessions.pid) != os.getpgid(0)


@posix
def test_one_that_dies_is_lost_and_another_serves(sessions):
    pid = sessions.pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(SessionLost, match=r"on cpu ended \(exit code -9\)\."):
        sessions.run(image(0), STEERING)
    assert sessions.sizes == set()
    with pytest.raises(SessionLost):
        sessions.run(image(0), STEERING)
    sessions.open(SIZE, STEERING)
    assert sessions.pid != pid
    assert np.allclose(sessions.run(image(1), STEERING), expected(image(1), 2), atol=1e-5)


@posix
def test_one_that_dies_unseen_is_not_taken_for_open(sessions):
    os.kill(sessions.pid, signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while sessions.sizes and time.monotonic() < end:
        time.sleep(0.01)
    assert sessions.sizes == set()
    sessions.open(OTHER, STEERING)
    assert sessions.sizes == {OTHER}


@posix
def test_an_engine_that_lost_its_process_holds_up_no_picture(graph):
    """It says so, and opens nothing in the thread that dreams."""
    made = HostEngine(read_graph(graph), CPU, parse_objective("a"))
    made.prepare(*SIZE)
    os.kill(made._sessions.pid, signal.SIGKILL)
    for _ in range(3):
        with pytest.raises(SessionLost):
            made.gradient(image(0))
    assert not made.prepared(*SIZE)
    made.prepare(*SIZE)
    assert np.allclose(made.gradient(image(0)), expected(image(0), 1), atol=1e-5)
    made.close()


@posix
@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_one_that_is_to_last_opens_again_what_it_lost_but_not_for_ever(graph, deaths, monkeypatch):
    said: list[str] = []
    made = HostEngine(read_graph(graph), CPU, parse_objective("a"), reopened=said.append)
    made.prepare(*OTHER)
    left = [deaths]
    run = Sessions.run

    def dying(self, image, steering):
        if left[0]:
            left[0] -= 1
            os.kill(self.pid, signal.SIGKILL)
        return run(self, image, steering)

    monkeypatch.setattr(Sessions, "run", dying)
    picture = image(0, OTHER)
    if deaths > 2:
        with pytest.raises(SessionLost):
            made.gradient(picture)
    else:
        assert np.allclose(made.gradient(picture), expected(picture, 1), atol=1e-5)
    assert len(said) == min(deaths, 2)
    assert all(text.endswith("It is opened again.") for text in said)
    assert np.allclose(made.gradient(image(1)), expected(image(1), 1), atol=1e-5)
    made.close()


def test_one_that_was_closed_is_not_opened_again(graph):
    said: list[str] = []
    made = HostEngine(read_graph(graph), CPU, parse_objective("a"), reopened=said.append)
    made.prepare(*SIZE)
    made.close()
    with pytest.raises(SessionLost, match="closed"):
        made.gradient(image(0))
    assert said == []


@posix
def test_one_that_hangs_is_lost_within_its_time(sessions, monkeypatch):
    monkeypatch.setattr(process, "ANSWER", 0.2)
    monkeypatch.setattr(process, "PATIENCE", 0)
    pid = sessions.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(SessionLost, match="gave no answer"):
        sessions.run(image(0), STEERING)
    assert gone(pid)


def test_a_graph_that_is_never_done_is_told_within_its_time(tmp_path, monkeypatch):
    """Of a larger size it may take longer, to a bound."""
    monkeypatch.setattr(process, "FIRST", 0.1)
    monkeypatch.setattr(process, "FEW", SIZE[0] * SIZE[1])
    made = Sessions(write_endless(tmp_path / "endless.onnx"), CPU, CHANNELS)
    sentence = r"endless.onnx gave no gradient of {} within {} s on cpu: it may never end; .*file\."
    for size, seconds in ((SIZE, "0"), ((40, 96), "1")):
        with pytest.raises(LivedreamError, match=sentence.format(f"{size[1]}x{size[0]}", seconds)):
            made.open(size, STEERING)
        assert made.pid is None
    made.close()


@posix
def test_one_that_hangs_while_it_opens_can_be_closed(sessions):
    pid, raised = sessions.pid, []
    os.kill(pid, signal.SIGSTOP)

    def work() -> None:
        try:
            sessions.open(OTHER, STEERING)
        except LivedreamError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not sessions._talking.locked():
        time.sleep(0.001)
    sessions.close()
    thread.join(PATIENCE)
    assert [type(error) for error in raised] == [SessionLost]
    assert gone(pid)


def test_what_nobody_holds_is_ended_without_a_word(graph):
    made = Sessions(graph, CPU, CHANNELS)
    made.open(SIZE, STEERING)
    pid = made.pid
    del made
    assert gone(pid)


PROGRAM = """
import os, sys, signal
from pathlib import Path
import numpy as np
from livedream.runtime.gradient.process import Sessions
from livedream.runtime.gradient.providers import PROVIDERS
made = Sessions(Path(sys.argv[1]), PROVIDERS["cpu"], {"a.square": 4, "a.linear": 4})
made.open((20, 24), {name: np.ones(4, np.float32) for name in ("a.square", "a.linear")})
if sys.argv[2] == "stopped":  # as one that hangs inside of a library: it reads nothing any more
    os.kill(made.pid, signal.SIGSTOP)
print(made.pid, flush=True)
sys.stdin.read()
if sys.argv[2] == "leaves":
    os._exit(0)
"""


@posix
@pytest.mark.parametrize("how", ["killed", "stopped", "leaves", "ends"])
def test_it_ends_with_the_program_and_leaves_nothing(graph, how):
    if how == "stopped" and sys.platform != "linux":
        pytest.skip("only Linux kills a child with its parent")
    here = Path("/dev/shm")
    before = set(here.iterdir()) if here.is_dir() else set()
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, graph, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with program:
        pid = int(program.stdout.readline())
        left = set(here.iterdir()) - before if here.is_dir() else set()
        if how in ("killed", "stopped"):
            program.kill()
        else:
            program.stdin.close()
        program.wait(PATIENCE)
    assert gone(pid)
    assert not [path for path in left if "livedream" in path.name]


def test_nothing_stays_open_here(graph):
    here = psutil.Process()

    def once() -> None:
        made = Sessions(graph, CPU, CHANNELS)
        made.open(SIZE, STEERING)
        made.run(image(0), STEERING)
        made.close()

    once()
    files, threads = here.num_fds() if os.name == "posix" else 0, here.num_threads()
    for _ in range(3):
        once()
    assert (here.num_fds() if os.name == "posix" else 0) <= files
    assert here.num_threads() <= threads
    assert not here.children()


def test_a_graph_that_does_not_open_is_told(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    made = Sessions(broken, CPU, CHANNELS)
    with pytest.raises(LivedreamError, match=r"cpu could not open broken.onnx at 24x20"):
        made.open(SIZE, STEERING)
    made.close()

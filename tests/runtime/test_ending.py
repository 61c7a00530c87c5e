"""The real program on a small graph: signals, a terminal that is gone, a library that hangs."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
import pytest

from livedream.runtime.ending import Ending

from ..patience import PATIENCE
from .conftest import PROGRAM, plays
from .toy_graph import write_endless, write_toy

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def whole(folder: Path) -> int:
    """Frames of the recording; both files are there, and nothing besides."""
    assert json.loads((folder / "stats.json").read_text())["frames"] > 0
    left = {path.name for path in folder.iterdir()} - {"cache", "toy.onnx"}
    assert left == {"take.mp4", "stats.json"}
    with av.open(str(folder / "take.mp4")) as video:
        return sum(1 for _ in video.decode(video=0))


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_finishes_the_files(start, tmp_path, name):
    # Whoever runs the tests may have had a hangup ignored (nohup).
    child = start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
    plays(child)
    child.send_signal(getattr(signal, name))
    assert child.wait(PATIENCE) == 0
    assert whole(tmp_path) > 0


@pytest.mark.parametrize("pause", [0, 0.02, 0.06, 0.15])
def test_a_second_signal_loses_nothing(start, tmp_path, pause):
    child = start()
    plays(child)
    child.send_signal(signal.SIGINT)
    time.sleep(pause)
    child.send_signal(signal.SIGINT)
    assert child.wait(PATIENCE) == 0
    assert whole(tmp_path) > 0
    assert "nothing was written" not in child.stderr.read()


def test_a_signal_while_opening_is_an_ordinary_end(start):
    child = start()
    assert child.stderr is not None
    next(line for line in child.stderr if "cloudscape" in line)
    child.send_signal(signal.SIGTERM)
    assert child.wait(PATIENCE) == 0


def test_an_ignored_hangup_stays_ignored(start, tmp_path):
    child = start("--frames", "60", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    plays(child)
    child.send_signal(signal.SIGHUP)
    assert child.wait(PATIENCE) == 0
    assert json.loads((tmp_path / "stats.json").read_text())["frames"] == 60


def test_signals_end_a_gradient_that_is_never_done(tmp_path):
    graph = write_endless(tmp_path / "endless.onnx")
    cv2.imwrite(str(tmp_path / "in.png"), np.full((32, 32, 3), 90, np.uint8))
    command = ["image", "in.png", "out.png", "--graph", graph, "--provider", "cpu"]
    child = subprocess.Popen(
        [*PROGRAM, *map(str, command)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        while child.poll() is None and busy(child.pid) < 2.5:
            time.sleep(0.05)
        for _ in range(3):
            child.send_signal(signal.SIGINT)
            time.sleep(0.1)
        assert child.wait(PATIENCE) == 1
    finally:
        child.kill()
        child.wait()
    assert not (tmp_path / "out.png").exists()


def test_an_interrupted_flight_keeps_what_is_done(tmp_path):
    graph = write_toy(tmp_path / "toy.onnx")
    photo = np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), photo)
    command = ["zoom", "in.png", "out.mp4", "--graph", graph, "--provider", "cpu"]
    child = subprocess.Popen(
        [*PROGRAM, *map(str, command), "--seconds", "3600"], cwd=tmp_path, stderr=subprocess.PIPE
    )

    def written() -> int:
        return sum(path.stat().st_size for path in tmp_path.glob(".out-*.mp4"))

    try:
        while child.poll() is None and written() < 2000:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.wait(PATIENCE) == 0
    finally:
        child.kill()
        child.wait()
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) > 1
    assert {path.name for path in tmp_path.iterdir()} == {"toy.onnx", "in.png", "out.mp4"}


def test_only_three_within_two_seconds_end_at_once():
    left: list[int] = []
    ending = Ending(left.append)
    for now in (0.0, 1.5, 3.0, 4.5):
        ending.count(now)
    assert not left
    ending.count(4.9)
    assert left == [1]


def test_three_just_within_two_seconds_end_with_a_word(capsys):
    left: list[int] = []
    ending = Ending(left.append)
    for now in (5.0, 6.0, 7.0):
        assert not left
        ending.count(now)
    assert left == [1]
    assert "Ended at once." in capsys.readouterr().err
    assert ending.asked.is_set()


def test_the_first_signal_interrupts_and_further_ones_do_not():
    ending = Ending()
    with pytest.raises(KeyboardInterrupt):
        ending.interrupt()
    ending.interrupt()


def test_what_is_to_be_whole_is_interrupted_at_its_end():
    ending, done = Ending(), []

    def work() -> None:
        with ending.whole():
            ending.interrupt()
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done
    with ending.whole():
        ending.interrupt()  # Once is enough.


def test_what_was_asked_before_does_not_interrupt_what_is_to_be_whole():
    ending = Ending()
    with ending.gently():
        ending.interrupt()
        with ending.whole():
            ending.interrupt()
    with ending.whole():
        pass


def test_where_it_ends_gently_no_signal_interrupts():
    ending = Ending()
    with ending.gently() as asked:
        ending.interrupt()
        assert asked is ending.asked
    with pytest.raises(KeyboardInterrupt):
        ending.interrupt()


def ended(code: str, **how) -> subprocess.CompletedProcess[str]:
    begin = "import atexit, os, signal, sys\nfrom livedream.runtime.ending import ending\n"
    return subprocess.run(
        [sys.executable, "-c", begin + code], capture_output=True, text=True, timeout=PATIENCE,
        **how,
    )  # fmt: skip


def test_the_end_says_the_last_words_and_leaves_with_the_code():
    result = ended(
        "atexit.register(print, 'tidied')\n"
        "sys.stdout.write('out, ')\n"
        "sys.stderr.write('err')\n"
        "ending.end(3)\n"
    )
    assert (result.returncode, result.stdout, result.stderr) == (3, "out, tidied\n", "err")


def test_ctrl_c_is_heard_also_where_a_shell_began_it_in_the_background():
    """Which has it ignore SIGINT: a supervisor's script would have nothing gentle left."""
    result = ended(
        "ending.listen()\n"
        "assert signal.getsignal(signal.SIGINT) == ending.interrupt\n"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN\n",
        preexec_fn=lambda: [
            signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)
        ],
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_the_end_at_once_names_what_is_lost(tmp_path):
    ending = Ending()
    (tmp_path / ".take-1.mp4").touch()
    with ending.unfinished(tmp_path / "take.mp4", tmp_path / ".take-1.mp4"):
        assert "take.mp4" in ending.loss()
        assert ".take-1.mp4" in ending.loss()
    assert "take" not in ending.loss()


@pytest.mark.parametrize("terminal", ["full", "gone", "stopped"])
def test_a_terminal_that_takes_nothing_is_not_in_the_way(start, tmp_path, terminal):
    if terminal == "full":
        error = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, error = os.pipe()
        if terminal == "gone":
            os.close(reader)
        else:
            fcntl.fcntl(error, fcntl.F_SETPIPE_SZ, 4096)
            os.write(error, b"x" * 4096)
    child = start("--frames", "40", stderr=error)
    assert child.wait(PATIENCE) == 0
    os.close(error)
    assert json.loads((tmp_path / "stats.json").read_text())["frames"] == 40
    assert whole(tmp_path) > 3


def busy(process: int) -> float:
    """Seconds of processor time that the process and its children have taken."""
    parent = psutil.Process(process)
    times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
    return sum(each.user + each.system for each in times)

"""The keeper with real shows: on the toy network, and tiny ones that fail in every way."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from livedream.runtime.exhibit import keeper
from livedream.runtime.exhibit.hours import parse_hours, parse_time
from livedream.runtime.exhibit.keeper import STEPS, Keeper, Limits
from livedream.runtime.exhibit.systemd import Notify

from ...patience import PATIENCE, until
from ..conftest import PROGRAM
from ..toy_graph import write_toy

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes of POSIX")

SHOWS = "import os,sys,time\npipe=int(sys.argv[-1])\ndef shown(): os.write(pipe,b'shown 30 5\\n')\n"
CALM = Limits(
    opening=PATIENCE, picture=PATIENCE, source=PATIENCE, ending=PATIENCE, hanging=PATIENCE,
    pause=0.01, silence=10 * PATIENCE,
)  # fmt: skip
"""However slow the machine is, only what a test makes shorter is ever over."""


def kept(program: str, **how: object) -> tuple[int, list[str], Keeper]:
    """Keeps a show that does `program`, until it says "quit": (code, what was said, the keeper)."""
    said: list[str] = []
    asked = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        if len(said) > 30:
            asked.set()

    options = {"limits": CALM, **how}
    keeper = Keeper([sys.executable, "-c", SHOWS + program], say, Notify(None), **options)
    return keeper.run(asked), said, keeper


def once(folder: Path, first: str) -> str:
    """Does `first` in the first show and ends by hand in the second."""
    mark = folder / "mark"
    return (
        f"import pathlib\nmark=pathlib.Path({str(mark)!r})\n"
        f"if mark.exists(): shown(); sys.exit(0)\nmark.touch()\n{first}"
    )


def test_a_show_that_is_ended_by_hand_ends_it_all():
    assert kept("shown()")[:2] == (0, ["A picture is shown.", "The show was ended by hand."])


def test_wrong_options_are_not_tried_again():
    assert kept("sys.exit(2)")[:2] == (2, [])


@pytest.mark.parametrize(
    ("first", "short", "told"),
    [
        ("shown(); sys.exit(1)", {}, "The show ended with code 1."),
        ("shown(); os.kill(os.getpid(), 11)", {}, "The show ended by SIGSEGV."),
        ("shown(); sys.exit(2)", {}, "The show ended with code 2."),
        (
            "shown(); time.sleep(600)", {"picture": 0.6},
            "No picture was shown for 1 seconds. It is ended.",
        ),
        (
            "shown()\nwhile 1: time.sleep(0.1); os.write(pipe, b'waiting\\n')", {"source": 0.6},
            "The source has given no picture for 1 seconds. It is ended.",
        ),
    ],
    ids=["code 1", "SIGSEGV", "code 2", "it hangs", "no source"],
)  # fmt: skip
def test_a_show_that_fails_starts_again(tmp_path, first, short, told):
    code, said, _ = kept(once(tmp_path, first), limits=replace(CALM, **short))
    assert code == 0
    assert told in said
    assert said[-2:] == ["A picture is shown.", "The show was ended by hand."]


def test_one_that_ignores_the_end_is_killed(tmp_path):
    first = "import signal; signal.signal(15, signal.SIG_IGN); shown(); time.sleep(600)"
    _, said, _ = kept(once(tmp_path, first), limits=replace(CALM, picture=0.3, hanging=0.1))
    assert "The show did not answer and was killed." in said


def test_one_whose_source_is_silent_may_finish_its_files(tmp_path):
    """Unlike one that hangs, which is killed sooner."""
    finishes = (
        "import signal\ndef end(*_): time.sleep(0.5); print('finished', flush=True); sys.exit(0)\n"
        "signal.signal(15, end); shown()\n"
        "while 1: time.sleep(0.1); os.write(pipe, b'waiting\\n')"
    )
    limits = replace(CALM, source=0.6, hanging=0.1)
    assert "The show ended with code 0." in kept(once(tmp_path, finishes), limits=limits)[1]


def test_one_whose_camera_came_late_may_still_open_the_rest():
    """An engine takes minutes at first, longer than two pictures may lie apart."""
    code, said, _ = kept("os.write(pipe, b'waiting\\n'); time.sleep(1); shown()")
    assert (code, said) == (0, ["A picture is shown.", "The show was ended by hand."])


def test_after_failures_it_goes_on_with_less():
    code, said, _ = kept(
        "print(sys.argv)\n"
        "if '160x120' in sys.argv: shown(); sys.exit(0)\n"
        "assert ('cpu' in sys.argv) == ('--provider' in sys.argv)\nsys.exit(1)"
    )
    assert code == 0
    steps = [line for line in said if line.startswith("It failed")]
    assert [" ".join(step) in line for step, line in zip(STEPS[1:], steps, strict=True)] == [
        True
    ] * 2
    assert said.count("The show ended with code 1.") == 6


def test_what_is_in_the_way_is_waited_for_and_is_no_failure(monkeypatch):
    """As where the display goes: the show dies of that each time it is started."""
    monkeypatch.setattr(keeper, "WAIT", 0.01)
    gone = ["the display is gone"]
    ways = iter([None, *[*gone * 3, None] * 4])
    program = "shown(); sys.exit(0 if '160x120' in sys.argv or 'cpu' in sys.argv else 75)"
    said: list[str] = []
    asked = threading.Event()
    command = [sys.executable, "-c", SHOWS + program]

    def say(text: str) -> None:
        said.append(text)
        if len(said) > 8:
            asked.set()

    Keeper(command, say, Notify(None), limits=CALM, obstacle=lambda: next(ways, None)).run(asked)
    assert said[:6] == ["A picture is shown.", "The show ended with code 75.",
                        "It waits: the display is gone."] * 2  # fmt: skip
    assert not any("It failed" in line for line in said)


def test_it_closes_and_opens_by_the_clock(tmp_path):
    said: list[str] = []
    evening = iter([datetime(2026, 1, 1, 18, 0)] * 4)

    def now() -> datetime:
        if not said:
            return datetime(2026, 1, 1, 17, 59)
        return next(evening, datetime(2026, 1, 2, 10, 0))

    first = "\nwhile 1: shown(); time.sleep(0.05)"
    show = [sys.executable, "-c", SHOWS + once(tmp_path, first)]
    it = Keeper(
        show, said.append, Notify(None), limits=CALM, now=now, opening=parse_hours("10:00-18:00")
    )
    assert it.run(threading.Event()) == 0
    assert said == [
        "A picture is shown.", "Closed until 10:00.", "A picture is shown.",
        "The show was ended by hand.",
    ]  # fmt: skip


def test_it_starts_anew_at_night(tmp_path):
    said: list[str] = []
    first = "\nwhile 1: shown(); time.sleep(0.05)"
    it = Keeper(
        [sys.executable, "-c", SHOWS + once(tmp_path, first)], said.append, Notify(None),
        limits=CALM, nightly=parse_time("4:00"),
        now=lambda: datetime(2026, 1, 1, 4, 0) if said else datetime(2026, 1, 1, 3, 59),
    )  # fmt: skip
    assert it.run(threading.Event()) == 0
    assert said[:2] == ["A picture is shown.", "It starts anew, as every night."]


class Exhibit:
    """`livedream exhibit` itself on the toy network, with a service manager that listens."""

    def __init__(self, folder: Path, *more: str) -> None:
        graph = write_toy(folder / "toy.onnx")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [*PROGRAM, "exhibit", "--patience", "2", "--source", "demo", "--headless",
             "--graph", str(graph), "--provider", "cpu", "--octaves", "1",
             "--size", "64x48", *more],
            cwd=folder, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LIVEDREAM_CACHE": str(folder / "cache"),
                 "NOTIFY_SOCKET": str(folder / "notify")},
        )  # fmt: skip

    def until(self, text: str) -> str:
        assert self.process.stderr
        for line in self.process.stderr:
            if text in line:
                return line
        raise AssertionError(f"never said: {text}")

    def heard(self, wanted: str) -> None:
        while wanted not in self.manager.recv(4096).decode():
            pass

    @property
    def show(self) -> psutil.Process:
        (child,) = until(psutil.Process(self.process.pid).children)
        return child


@pytest.fixture
def exhibit(tmp_path) -> Iterator[Callable[..., Exhibit]]:
    begun: list[Exhibit] = []

    def begin(*more: str) -> Exhibit:
        begun.append(Exhibit(tmp_path, *more))
        return begun[-1]

    yield begin
    for each in begun:
        for process in (
            [*psutil.Process(each.process.pid).children(recursive=True)]
            if (each.process.poll() is None)
            else []
        ):
            process.kill()
        each.process.kill()
        each.process.communicate()
        each.manager.close()


def test_the_real_show_is_kept(exhibit, tmp_path):
    """And records each time anew, although the name that was said is taken."""
    (tmp_path / "take.mp4").write_text("of yesterday")
    (tmp_path / "stats.json").write_text("of yesterday")
    it = exhibit("--record", "take.mp4", "--stats", "stats.json")
    it.heard("READY=1")
    it.heard("WATCHDOG=1")
    it.heard("pictures a second")
    stopped = it.show
    assert stopped.rlimit(psutil.RLIMIT_CORE) == (0, 0)  # Nothing of a visitor after a crash.
    assert stopped.environ()["MALLOC_ARENA_MAX"] == "2"
    stopped.send_signal(signal.SIGSTOP)
    it.until("No picture was shown for 2 seconds")
    it.until("did not answer and was killed")
    assert not stopped.is_running()
    it.until("A picture is shown")
    it.show.kill()
    it.until("ended by SIGKILL")
    it.until("A picture is shown")
    it.process.send_signal(signal.SIGTERM)
    assert it.process.wait(PATIENCE) == 0
    assert (tmp_path / "take.mp4").read_text() == "of yesterday"
    assert len(list(tmp_path.glob("take-*.mp4"))) >= 1
    assert "frames" in (tmp_path / "stats.json").read_text()


def test_the_show_ends_where_its_keeper_was_killed(exhibit):
    it = exhibit()
    it.until("A picture is shown")
    show = it.show
    it.process.kill()
    show.wait(PATIENCE)


def test_wrong_options_and_forbidden_ones_end_it_at_once(exhibit):
    it = exhibit("--flash-limit", "off")
    assert it.process.wait(PATIENCE) == 2
    assert re.search("An exhibit limits flashes", it.process.stderr.read())

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import cv2
import pytest

from livedream.runtime.cli.main import perform
from livedream.runtime.live.capture import Capture
from livedream.runtime.live.sources import open_source
from livedream.runtime.threads import MOST, READS, TURN, behind, share

from ..patience import PATIENCE


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threads, turn = cv2.getNumThreads(), sys.getswitchinterval()
    cv2.setNumThreads(16)
    sys.setswitchinterval(0.005)
    yield
    cv2.setNumThreads(threads)
    sys.setswitchinterval(turn)


def test_opencv_has_a_few_threads_and_the_lock_goes_round_soon():
    share()
    assert cv2.getNumThreads() == MOST
    assert sys.getswitchinterval() == pytest.approx(TURN)
    for there, had in ((6, 3), (2, 1), (1, 1)):
        cv2.setNumThreads(there)
        share()
        assert cv2.getNumThreads() == had


def test_a_show_shares(tmp_path):
    """Also one that cannot begin."""
    assert perform(["run", "--headless", "--source", str(tmp_path / "none.mp4")])
    assert sys.getswitchinterval() == pytest.approx(TURN)


linux = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities")


@linux
def test_a_thread_comes_behind_the_others_and_they_stay_where_they_are():
    found: list[int] = []

    def run() -> None:
        behind(2)
        behind(1)
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [min(before + 3, 19)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@linux
def test_what_reads_a_source_comes_behind():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with Capture(open_source("demo", (64, 48))) as capture:
        assert capture.first(PATIENCE)
        reads = capture.playing.thread.native_id
        assert reads
        assert os.getpriority(os.PRIO_PROCESS, reads) == min(before + READS, 19)

from __future__ import annotations

import sys
from collections.abc import Iterator

import cv2
import pytest

from livedream.runtime.cli.main import perform
from livedream.runtime.threads import MOST, TURN, share


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

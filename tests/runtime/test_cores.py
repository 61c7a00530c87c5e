"""Half the cores are the dream's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import pytest
from rich.console import Console

from livedream.runtime import cores
from livedream.runtime.errors import UsageError
from livedream.runtime.live.show import run_show


@pytest.mark.parametrize(("usable", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4)])
def test_a_picture_takes_half_the_cores_and_no_more_than_help(usable, threads, monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: usable)
    assert cores.picture_threads() == threads


def test_a_show_takes_no_more():
    before, nothing = cv2.getNumThreads(), SimpleNamespace(files=())
    cv2.setNumThreads(cores.picture_threads() + 1)
    asked: dict[str, Any] = {"record_minutes": 1.0}  # Of no recording: it is refused.
    try:
        with pytest.raises(UsageError):
            run_show(
                Console(), nothing, ["demo"], loop=False, outs=(), headless=True, frames=1,
                record=None, stats_file=None, overwrite=False, begin={}, **asked,
            )  # fmt: skip
        assert cv2.getNumThreads() == cores.picture_threads()
    finally:
        cv2.setNumThreads(before)

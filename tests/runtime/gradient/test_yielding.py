"""Long turns, which whatever wakes breaks off; `test_process` has that its process takes them."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from livedream.runtime.gradient import yielding
from livedream.runtime.gradient.yielding import LONGEST, take_long_turns

GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}
Result = TypeVar("Result")


def turn(thread: int) -> int:
    """Nanoseconds that the kernel gives it; 0 where none says so."""
    number = GET_ATTRIBUTES.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return 0
    said = ctypes.create_string_buffer(yielding._ATTRIBUTES.size)
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(number, thread, said, len(said), 0) != 0:
        return 0
    return yielding._ATTRIBUTES.unpack(said.raw)[5]


def turns_of(pid: int) -> set[int]:
    """Of all threads of a process; nothing where the kernel does not say."""
    if not turn(0):
        return set()
    return {turn(int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir()}


def apart(work: Callable[[], Result]) -> Result:
    """Done in a thread of its own, which may change itself."""
    found: list[Result] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(5)
    return found[0]


says = pytest.mark.skipif(turn(0) == 0, reason="a kernel from 6.12 on")


@says
def test_its_priority_stays():
    def taken() -> tuple[int, int]:
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + 1)
        take_long_turns()
        return turn(0), os.getpriority(os.PRIO_PROCESS, 0)

    assert apart(taken) == (LONGEST, os.getpriority(os.PRIO_PROCESS, 0) + 1)


def test_a_system_that_cannot_be_told_is_left_alone(monkeypatch):
    monkeypatch.setattr(yielding, "_SET_ATTRIBUTES", {})
    before = turn(0)
    take_long_turns()
    assert turn(0) == before

"""What holds for every test."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Generator

import platformdirs
import pytest

LONGEST = 300
"""Seconds after which a test hangs."""

# Every test process has one core for itself: what waits for helpers on a busy machine waits long.
# Before any library is imported, and for the programs that tests start too.
for name in ("OPENCV_FOR_THREADS_NUM", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# Compiled once, for every program that has a cache of its own.
os.environ.setdefault("NUMBA_CACHE_DIR", platformdirs.user_cache_dir("livedream-tests"))

# A shell that starts a command in the background lets it ignore Ctrl+C, and so all that it starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_console = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_console] = os.dup(2)  # What a test writes there is captured.


def pytest_unconfigure(config: pytest.Config) -> None:
    os.close(config.stash[_console])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One that hangs fails, and says where each of its threads stands; the others go on."""
    if not hasattr(signal, "setitimer") or item.config.getvalue("usepdb"):
        return (yield)

    def fail(*_: object) -> None:
        faulthandler.dump_traceback(item.config.stash[_console])
        pytest.fail(f"It is not done after {LONGEST} seconds.")

    signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, LONGEST, LONGEST)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

"""How long the gradient computes at a stretch: it asks for long turns, which may be broken off.

Since 6.12 Linux lets every task say how long its turns shall be. A task that wakes takes the
processor at once from one with longer turns than its own, and has to wait for the end of the turn
of one with the same, about 3 ms, whatever the priorities. What shows the picture sleeps and wakes
many times a picture.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

LONGEST = 100_000_000
"""Nanoseconds of a turn, the most that Linux takes."""

_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}
"""Numbers of the system call, for which older C libraries have no name."""

_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""Size, policy, flags, nice value, real-time priority; runtime, deadline and period."""

_REFUSED = errno.EPERM, errno.ENOSYS
"""By a sandbox."""


def take_long_turns() -> None:
    """For this thread and those that it starts, where that can be said."""
    number = _SET_ATTRIBUTES.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    nice, policy = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
    if policy not in (os.SCHED_OTHER, os.SCHED_BATCH):
        return
    given = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, 0, nice, 0, LONGEST, 0, 0)
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(number, 0, given, 0) == 0:
        return
    refused = ctypes.get_errno()
    if refused not in _REFUSED:
        raise OSError(refused, os.strerror(refused))

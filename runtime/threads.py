"""How the threads of a show share the processor and Python's lock."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

import cv2

MOST = 4
"""Threads of OpenCV, and at most half as many as cores: with more a picture is made no sooner. On
sixteen cores as many took 58 ms of processor time for a picture, and as long as four; on two cores
two took an eighth of the dreams, whose threads run meanwhile, and as many pictures were shown."""

TURN = 0.0005
"""Seconds after which a thread that waits for Python's lock is given it. A shown picture takes a
hundred calls into OpenCV, and after each the presenter waits for the lock; by Python's own 5 ms, on
two cores, some 5 in 100 pictures fewer were shown, and 10 in 100 dreams fewer."""

DREAMS, READS = 10, 3
"""How far the threads that dream and that read a source come behind what shows, as nice values: on
two cores five threads of a show want to run. In eight turns 59.3 pictures a second were shown of 60
for 56.8, with as many dreams; with 6 for those that read dreams were fewer, and either alone made
no difference."""


def share() -> None:
    """Of this process, for good."""
    cv2.setNumThreads(max(1, min(MOST, cv2.getNumThreads() // 2)))
    sys.setswitchinterval(TURN)


def behind(nice: int) -> None:
    """Has the calling thread come so far behind the others of its process, for good. Linux alone
    tells threads apart."""
    if sys.platform == "linux":
        with suppress(OSError):
            before = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), before + nice)

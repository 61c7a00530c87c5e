"""Who computes on which share of the processor."""

from __future__ import annotations

import os

MOST = 4
"""Threads beyond which a picture is made no sooner: its parts get too small."""


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def picture_threads() -> int:
    """Threads that work on one picture of a show together: on half the cores, the rest are the
    dream's.

    Libraries would take all cores. Their threads wait for each other by looking all the time, and
    for cores on which the dream computes: on two cores a picture of 1920x1080 took a third more
    processor time in two threads than in one.
    """
    return min(MOST, max(1, usable_cores() // 2))

"""The memory of pictures: kept from one picture to the next, and given back after a recording."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

_TRIM, _MMAP = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's `mallopt`."""

LARGEST = 32 << 20
"""Bytes of one block that is kept; glibc allows no more. A picture of 1920x1080 has 6 MB."""

MOST = 256 << 20
"""Bytes that may lie free."""


def keep_memory() -> bool:
    """Has this process keep what it frees, for as much memory as some pictures take; False where
    the C library cannot be told.

    glibc gives large blocks back to the system at once and has each page of them mapped anew: for
    a picture of 1920x1080, with what lies between its stages, 1,500 times.
    """
    mallopt = _of_glibc("mallopt")
    return bool(mallopt and mallopt(_MMAP, LARGEST) and mallopt(_TRIM, MOST))


def give_memory_back() -> bool:
    """Has this process give back what it keeps free, when something large is over; False where the
    C library cannot be told. The next pictures are mapped anew, once.

    What lives for longer gets places between those that an encoder of video leaves, so that the
    next one finds too little room there: 26 recordings of 64x48 took 12 MB more and more.
    """
    trim = _of_glibc("malloc_trim")
    return bool(trim and trim(0))


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None

"""The memory of pictures: kept from one picture to the next."""

from __future__ import annotations

import ctypes
import sys

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
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_MMAP, LARGEST) and mallopt(_TRIM, MOST))

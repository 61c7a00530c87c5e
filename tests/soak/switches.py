"""What the command, the show and the process of its network share: a few numbers in a file."""

from __future__ import annotations

import enum
from pathlib import Path

import numpy as np


class Switch(enum.IntEnum):
    """Places of the numbers. The command writes those up to TAKES, the others are counted."""

    PLUGGED = 0
    NUMBER = enum.auto()
    """Of the camera: /dev/videoN."""
    BUSY = enum.auto()
    STALLED = enum.auto()
    SIZE = enum.auto()
    """Place in `camera.SIZES`."""
    CORRUPT = enum.auto()
    """Frames that still come damaged."""
    FLASHING = enum.auto()
    THROWS = enum.auto()
    """Gradients that still fail."""
    NANS = enum.auto()
    """Gradients that are still no numbers."""
    CLOCK = enum.auto()
    """Seconds that the clock on the wall is off."""
    TAKES = enum.auto()
    """Microseconds that a gradient takes more."""
    GRADIENTS = enum.auto()


def switches(path: Path, *, fresh: bool = False) -> np.memmap:
    """int64, by Switch; seen by every process that opens the file."""
    held = np.memmap(path, np.int64, "w+" if fresh else "r+", shape=(len(Switch),))
    if fresh:
        held[Switch.PLUGGED] = 1
    return held

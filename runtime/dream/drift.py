"""What moves the dream by itself: it grows, turns and wanders while it follows the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .flow import Motion, following

LONGEST = 60.0
"""Seconds of a drift, after which nothing of the dream is where it was; the power of a zoom by many
more is no number any more."""


@dataclass(frozen=True)
class Drift:
    """zoom: growth a second, 1 for none. turn: degrees a second, clockwise as seen. x, y: widths
    and heights of the picture a second, to the right and down."""

    zoom: float = 1.0
    turn: float = 0.0
    x: float = 0.0
    y: float = 0.0


def drifting(motion: Motion, drift: Drift, seconds: float) -> Motion:
    """The same motion while the dream drifts about the picture's centre for `seconds`,
    at most LONGEST of them.

    What would come from outside of the picture is not kept: repeated edges grow to streaks.
    """
    if drift == Drift():
        return motion
    seconds = min(max(seconds, -LONGEST), LONGEST)
    height, width = motion.keep.shape
    x, y = following(*motion.flow)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    # Backwards, from the new place to the old one.
    way = np.exp(-1j * np.radians(drift.turn * seconds)) / drift.zoom**seconds
    x = x - (centre_x + drift.x * seconds * width)
    y = y - (centre_y + drift.y * seconds * height)
    x, y = (
        np.float32(way.real) * x - np.float32(way.imag) * y + np.float32(centre_x),
        np.float32(way.imag) * x + np.float32(way.real) * y + np.float32(centre_y),
    )
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    columns, rows = following(np.zeros_like(x), np.zeros_like(y))
    return Motion(np.stack((x - columns, y - rows)), motion.keep * inside)

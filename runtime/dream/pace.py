"""The same dream at any frame rate."""

from __future__ import annotations

LONGEST_GAP = 2.0
"""Seconds without a frame after which the old dream is not carried on."""

RATE = 25
"""Frames a second at which step size and half-life are what they are said to be."""

PACES = 0.7, 2.5
"""Least and most of `pace`: beyond them steps would be lost in rounding, or seen one by one."""


def pace(gap: float) -> float:
    """How much wider the steps are, and how much slower the dream fades, `gap` seconds after the
    last frame than at RATE, so that a dream grows as strong in the same time at any frame rate.

    Steps add up like a walk, half at random, hence the root: longer steps alone would make a slow
    dream noisier, a longer half-life alone would make it late.
    """
    if not 0 < gap <= LONGEST_GAP:
        return 1.0
    return min(max((RATE * gap) ** 0.5, PACES[0]), PACES[1])

"""What to give up when the card cannot go on: pure rules, so that the picture never stops.

The messages of a card that fails are from documentation; none has been provoked on one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..dream.values import Dream
from ..scaling import fit

SMALLER = 0.75
"""Factor on both sides of the picture, from step to step."""

PROCESSOR_BOX = (320, 240)
"""(width, height) into which the picture is made to fit where the card is given up."""

SMALLEST = 160
"""Pixels of the longer side below which the card is given up instead."""

MEMORY, LOST = "memory", "lost"

FULL = "The card has no memory left"

_MEMORY = (
    "out of memory", "out_of_memory", "cudaerrormemoryallocation", "failed to allocate memory",
    "cudnn_status_alloc_failed", "cublas_status_alloc_failed", "available memory of",
)  # fmt: skip
_LOST = (
    "illegal address", "illegal_address", "launch failure", "launch_failed", "launch_timeout",
    "launch timed out", "device_unavailable", "devices_unavailable", "devicesunavailable",
    "device lost", "uncorrectable", "fallen off the bus", "context is destroyed",
    "context_is_destroyed", "hardware_stack_error", "assert triggered", "no_device", "error 719",
    "error 700", "invalid_context", "unknown error", "error_unknown", "errorunknown", "error 999",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """How to go on: `dream` on pictures of `size`, (height, width), on the card or, where `card` is
    False, on the processor. message: what a person should know."""

    dream: Dream
    size: tuple[int, int]
    card: bool
    message: str


def trouble(error: BaseException) -> str | None:
    """MEMORY, LOST, or None for an error that stepping down does not cure."""
    seen: BaseException | None = error
    while seen is not None:
        text = f"{type(seen).__name__}: {seen}".lower()
        if isinstance(seen, MemoryError) or any(part in text for part in _MEMORY):
            return MEMORY
        if any(part in text for part in _LOST):
            return LOST
        seen = seen.__cause__
    return None


def step_down(kind: str, dream: Dream, size: tuple[int, int], minimum: int) -> Step:
    """The next smaller way to dream: an octave less, then a smaller picture, then no card.

    kind: of `trouble`. minimum: the network's smallest side in pixels. After a lost card nothing on
    it works again in this process, so that goes to the processor at once.
    """
    if kind == LOST:
        return _without_card(dream, size, "The card stopped working")
    octaves = len(dream.sizes(*size)(minimum))
    if octaves > 1:
        fewer = replace(dream, octaves=octaves - 1)
        noun = "octave" if octaves == 2 else "octaves"
        return Step(fewer, size, True, f"{FULL}; going on with {octaves - 1} {noun}.")
    height, width = (max(1, round(side * SMALLER)) for side in size)
    if max(height, width) >= SMALLEST and min(height, width) >= minimum:
        return Step(
            dream,
            (height, width),
            True,
            f"{FULL}; going on at {width}x{height}.",
        )
    return _without_card(dream, size, f"{FULL} even for a small picture")


def _without_card(dream: Dream, size: tuple[int, int], why: str) -> Step:
    """On the processor, at a size that it dreams in time."""
    width, height = fit(size[1], size[0], PROCESSOR_BOX)
    size = min((height, width), size)
    return Step(dream, size, False, f"{why}; dreaming on on the processor at {size[1]}x{size[0]}.")

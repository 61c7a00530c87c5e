"""What the gradient goes through before the ascent, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .values import Dream


def blurred(device: Any, gradient: Any, dream: Dream) -> Any:
    """Less pixel noise."""
    return device.blur(gradient, dream.blur)


def balanced(device: Any, gradient: Any, dream: Dream) -> Any:
    """Colours and scales nearer to nature's; the notebook's own at colour 1, coarseness 0."""
    if dream.colour == 1 and dream.coarseness == 0:
        return gradient
    return device.balance(gradient, dream.colour, dream.coarseness)


EFFECTS: tuple[Callable[[Any, Any, Dream], Any], ...] = (blurred, balanced)
"""Each takes the device, the gradient and the dream's values, and returns the next gradient."""

"""What the gradient goes through before the ascent, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .priors import Priors
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


def pulled(device: Any, gradient: Any, residual: Any, priors: Priors, dx: int, dy: int) -> Any:
    """The gradient, shifted by (dx, dy), with the pulls that hold what the dream added."""
    if not priors.pulls:
        return gradient
    return device.pull(gradient, residual, priors.tv, priors.l2, dx, dy)


def cleaned(device: Any, residual: Any, gradient: Any, priors: Priors, dx: int, dy: int) -> Any:
    """What the dream added, smoothed, and let go of where it is worth least."""
    residual = device.blur(residual, priors.smooth)
    if not priors.clips:
        return residual
    faint, idle = priors.clip_norm, priors.clip_contribution
    return device.prune(residual, gradient, faint, idle, dx, dy)

"""What is done in the background and may fail: told in a sentence rather than raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import Cancelled, LivedreamError, reason

T = TypeVar("T")


def attempted(what: Callable[[], T]) -> tuple[T | None, str]:
    """What `what` returns, or None and why it raised, as a sentence; an empty one where it was
    called off."""
    try:
        return what(), ""
    except Cancelled:
        return None, ""
    except Exception as error:  # noqa: BLE001 - told
        return None, told(error)


def told(error: Exception) -> str:
    """A sentence about an error while something is opened."""
    if isinstance(error, LivedreamError):
        return str(error)
    return f"It cannot be opened: {reason(error)}."

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


def told(error: Exception, trouble: str = "It cannot be opened") -> str:
    """An error of our own as it is; of another library's what it says, after the `trouble` that
    it makes."""
    return str(error) if isinstance(error, LivedreamError) else f"{trouble}: {reason(error)}."

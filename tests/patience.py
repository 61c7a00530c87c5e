"""How long a test waits for another thread or program: long, since only what is broken costs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# In seconds. A machine with much else to do may take ten to import a library.
PATIENCE = 120.0


def until(condition: Callable[[], Value], told: object = "it did not happen") -> Value:
    """Waits until `condition` gives something true, and returns that; fails with what was `told`
    where it never does."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, told
        time.sleep(0.005)
    return value

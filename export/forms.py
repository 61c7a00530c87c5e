"""The shape the graph takes for one kind of provider: same mathematics, other operators."""

from __future__ import annotations

from typing import Protocol

from .blocked import Blocked
from .builder import Builder
from .plain import Plain
from .tape import Conv, MaxPool


class Form(Protocol):
    """How the three adjoints that have a choice are written."""

    def rectify(self, builder: Builder, gradient: str, output: str, ceiling: float | None) -> str:
        """The gradient where 0 < output (< ceiling), else zero."""
        ...

    def max_pool(
        self, builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, channels: int
    ) -> str:
        """The gradient at the first largest value of every window, in scan order."""
        ...

    def transposed(self, builder: Builder, gradient: str, conv: Conv, like: str) -> str:
        """The gradient of a convolution's input; `like` is that input (for its size)."""
        ...


def form(name: str) -> Form:
    """The form called `name`, one of the catalogue's `FORMS`."""
    return Blocked() if name == "cpu" else Plain()

"""The shape the graph takes for one kind of provider: same mathematics, other operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .blocked import Blocked
from .builder import Builder
from .openvino import OpenVino
from .plain import Plain
from .tape import Conv, MaxPool, Rectify


class Form(Protocol):
    """How the adjoints that have a choice are written.

    parts: how many channels of an expansion are computed together, by the stride at which its
    input lies; empty where all of them are (`rewrite.in_parts`). even: a convolution pads both ends
    alike, and what it lacks at one is padded before it.
    """

    @property
    def parts(self) -> Mapping[int, int]: ...

    @property
    def even(self) -> bool: ...

    def rectify(
        self, builder: Builder, gradient: str, output: str, ceiling: float | None, channels: int
    ) -> str:
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

    def expansion(
        self,
        builder: Builder,
        gradient: str,
        strided: Conv,
        rectify: Rectify,
        output: str,
        pointwise: Conv,
        like: str,
    ) -> str | None:
        """The gradient back through a stride-2 convolution, the activation that it reads and the
        1x1 convolution before that, in one; None where the form has nothing to gain.

        `output` is the activation's value, `like` the input of the 1x1 convolution.
        """
        ...


FORMS: dict[str, type[Form]] = {
    "cpu": Blocked,
    "openvino": OpenVino,
    "gpu": Plain,
}


def form(name: str) -> Form:
    """The form called `name`, one of the catalogue's `FORMS`."""
    return FORMS[name]()

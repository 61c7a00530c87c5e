"""What the networks' 1000 outputs stand for: the classes of ImageNet, by name."""

from __future__ import annotations

import functools
from importlib import resources

from ..errors import UsageError, nearest

CLASSES = "logits"
"""The layer whose channels are the classes."""


@functools.cache
def class_names() -> tuple[str, ...]:
    """The classes in their order, each by one of its names in WordNet."""
    text = resources.files(__package__ or "").joinpath("classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def class_number(name: str) -> int:
    """The place of a class among the outputs; capitals, spaces and signs do not count.

    Raises UsageError for a name that there is not, with the nearest.
    """
    numbers = {_plain(each): number for number, each in enumerate(class_names())}
    number = numbers.get(_plain(name))
    if number is None:
        raise UsageError(f"There is no class '{name}'; nearest: {nearest(name, class_names())}.")
    return number


def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())

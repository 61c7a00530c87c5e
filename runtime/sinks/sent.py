"""What is told of places where the picture goes."""

from __future__ import annotations

from typing import Any, Protocol

from ..stats import Samples


class Sent(Protocol):
    """What is told of each place where the picture goes. age: seconds from the capture of the
    newest picture there until it was given on. dropped: pictures that it missed."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def age(self) -> float: ...
    @property
    def dropped(self) -> int: ...


def fact(sent: Sent) -> str:
    """It in a few words, for the display."""
    age = f"{sent.age * 1000:.0f} ms" if sent.state == "open" else sent.state
    return f"{sent.name}  {age}" + (f"  {sent.dropped} dropped" if sent.dropped else "")


def reported(
    name: str, state: str, sent: int, dropped: int, failures: int, ages: Samples
) -> dict[str, Any]:
    """Everything of one place as plain numbers; times in milliseconds. ages: in seconds."""
    return {
        "name": name,
        "state": state,
        "sent": sent,
        "dropped": dropped,
        "failures": failures,
        "age_ms": ages.copy().summary(),
    }

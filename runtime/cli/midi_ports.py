"""`livedream --midi list`: the controllers that are plugged in."""

from __future__ import annotations

from rich.console import Console

from ..control.midi.ports import Rtmidi


def print_ports(console: Console) -> None:
    """One name a line. Raises LivedreamError where there is no MIDI."""
    names = Rtmidi().names()
    console.print("\n".join(names) if names else "No controller is plugged in.", soft_wrap=True)

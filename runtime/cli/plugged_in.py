"""`livedream --midi list` and `--sound list`: what is plugged in."""

from __future__ import annotations

from rich.console import Console


def print_ports(console: Console) -> None:
    """One name a line. Raises LivedreamError where there is no MIDI."""
    from ..control.midi.ports import Rtmidi

    names = Rtmidi().names()
    console.print("\n".join(names) if names else "No controller is plugged in.", soft_wrap=True)


def print_inputs(console: Console) -> None:
    """One sound input a line. Raises LivedreamError where its library is missing."""
    from ..control.audio.inputs import names

    console.print("\n".join(names()) or "No sound comes into this machine.", soft_wrap=True)

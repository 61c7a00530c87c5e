"""From bytes to what was moved. Pure: the time is given, in seconds of one clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["cc", "cc14", "nrpn", "note", "bend", "program"]
Signal = Literal["tick", "start", "continue", "stop"]
KINDS: tuple[Kind, ...] = ("cc", "cc14", "nrpn", "note", "bend", "program")

TOP = {"cc": 127, "cc14": 16383, "nrpn": 16383, "note": 127, "bend": 16383, "program": 127}
"""The largest value of each kind."""

PAIR = 0.005
"""Seconds that the fine half of a 14 bit control comes after its coarse one, at most."""

_RPN = {98, 99, 100, 101}
_DATA = {6, 38}


@dataclass(frozen=True)
class Control:
    """One knob, fader, pad or wheel. channel: 1..16. number: of all kinds but the bend, which is
    0; each program is a control of its own, which can only be pressed."""

    kind: Kind
    channel: int
    number: int = 0


@dataclass(frozen=True)
class Moved:
    """`control` sent `raw`, 0..TOP. A pad that is let go sends 0."""

    control: Control
    raw: int
    time: float

    @property
    def share(self) -> float:
        """0..1."""
        return self.raw / TOP[self.control.kind]


@dataclass(frozen=True)
class Beat:
    """A message of the clock."""

    what: Signal
    time: float


@dataclass(frozen=True)
class Place:
    """Where the song goes on, in ticks of the clock from its beginning."""

    ticks: int


Heard = Moved | Beat | Place

_REALTIME: dict[int, Signal] = {0xF8: "tick", 0xFA: "start", 0xFB: "continue", 0xFC: "stop"}


class Decoder:
    """What the messages of one device mean, in order.

    The coarse half of a 14 bit control is told as `cc` at once, and both halves as `cc14` when the
    fine one follows within PAIR; who has bound one of them does not hear the other. A parameter
    number that was chosen with 98 and 99 makes `nrpn` of 6 and 38.
    """

    def __init__(self) -> None:
        self._coarse: dict[tuple[int, int], tuple[int, float]] = {}
        self._chosen: dict[int, list[int]] = {}
        self._data: dict[int, int] = {}

    def heard(self, message: Sequence[int], time: float) -> list[Heard]:
        """What one message says; nothing for what has no meaning here or is cut short."""
        if not message or not all(0 <= byte < 256 for byte in message):
            return []
        status, *data = message
        if status in _REALTIME:
            return [Beat(_REALTIME[status], time)]
        if any(byte > 127 for byte in data):
            return []
        kind, channel = status & 0xF0, (status & 0x0F) + 1
        if status == 0xF2 and len(data) == 2:
            return [Place((data[0] + (data[1] << 7)) * 6)]
        if kind in (0x80, 0x90) and len(data) == 2:
            velocity = data[1] if kind == 0x90 else 0
            return [Moved(Control("note", channel, data[0]), velocity, time)]
        if kind == 0xB0 and len(data) == 2:
            return self._control(channel, data[0], data[1], time)
        if kind == 0xC0 and len(data) == 1:
            return [Moved(Control("program", channel, data[0]), TOP["program"], time)]
        if kind == 0xE0 and len(data) == 2:
            return [Moved(Control("bend", channel), data[0] + (data[1] << 7), time)]
        return []

    def _control(self, channel: int, number: int, value: int, time: float) -> list[Heard]:
        if number in _RPN:
            chosen = self._chosen.setdefault(channel, [127, 127])
            if number in (98, 99):
                chosen[number - 98] = value
                self._data.pop(channel, None)
            else:
                self._chosen[channel] = [127, 127]  # A registered one: not for knobs.
            return []
        chosen = self._chosen.get(channel, [127, 127])
        if number in _DATA and chosen != [127, 127]:
            fine = number == 38
            whole = (self._data.get(channel, 0) & ~127) | value if fine else value << 7
            self._data[channel] = whole
            control = Control("nrpn", channel, chosen[0] + (chosen[1] << 7))
            return [Moved(control, whole, time)]
        heard: list[Heard] = [Moved(Control("cc", channel, number), value, time)]
        if number < 32:
            self._coarse[channel, number] = value, time
        elif number < 64:
            coarse, at = self._coarse.get((channel, number - 32), (0, -PAIR - 1))
            if 0 <= time - at <= PAIR:
                control = Control("cc14", channel, number - 32)
                heard.append(Moved(control, (coarse << 7) + value, time))
        return heard

"""What the NVIDIA driver says of itself and its cards, through its management library (NVML).

Takes milliseconds, and no context on a card.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pynvml

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class CardFacts:
    """A card and its state at one moment; None is what the driver does not tell.

    memory_mib: in all. Clocks are in MHz, max_sm_mhz is the highest. throttling: the driver's bit
    mask of what holds the clocks down.
    """

    name: str
    uuid: str
    memory_mib: float | None = None
    power_limit_watts: float | None = None
    max_sm_mhz: float | None = None
    sm_mhz: float | None = None
    memory_mhz: float | None = None
    celsius: float | None = None
    watts: float | None = None
    throttling: int | None = None


@dataclass(frozen=True)
class Driver:
    """version: like `580.95.05`. cuda: the newest it serves, like (13, 0). cards: in its order."""

    version: str
    cuda: tuple[int, int]
    cards: tuple[CardFacts, ...]


def ask_driver() -> Driver | None:
    """The driver's answer of now; None where none is installed or none answers."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        number = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        cards = (_told(partial(_card, index)) for index in range(pynvml.nvmlDeviceGetCount()))
        return Driver(
            str(pynvml.nvmlSystemGetDriverVersion()),
            (number // 1000, number % 1000 // 10),
            tuple(card for card in cards if card),  # one that is lost does not answer
        )
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()


def visible(cards: Sequence[CardFacts], chosen: str | None) -> tuple[CardFacts, ...]:
    """Those that CUDA shows to programs. chosen: CUDA_VISIBLE_DEVICES, numbers or the beginnings of
    UUIDs; None shows all, and what follows a wrong entry, like -1, is hidden.

    CUDA may number cards otherwise than the driver does, by speed: which of several is shown is
    then uncertain, how many are is not.
    """
    if chosen is None or "MIG-" in chosen:  # parts of cards: the driver has its own list of them
        return tuple(cards)
    found: list[CardFacts] = []
    for entry in (part.strip() for part in chosen.split(",")):
        if entry.isdecimal():
            named = cards[int(entry) : int(entry) + 1]
        else:
            named = [card for card in cards if entry and card.uuid.startswith(entry)]
        if len(named) != 1:
            break
        found += named
    return tuple(found)


def _card(index: int) -> CardFacts:
    ask, handle = pynvml, pynvml.nvmlDeviceGetHandleByIndex(index)
    return CardFacts(
        name=str(ask.nvmlDeviceGetName(handle)),
        uuid=str(ask.nvmlDeviceGetUUID(handle)),
        memory_mib=_told(lambda: int(ask.nvmlDeviceGetMemoryInfo(handle).total) / 2**20),
        power_limit_watts=_told(lambda: ask.nvmlDeviceGetPowerManagementLimit(handle) / 1000),
        max_sm_mhz=_told(lambda: ask.nvmlDeviceGetMaxClockInfo(handle, ask.NVML_CLOCK_SM)),
        sm_mhz=_told(lambda: ask.nvmlDeviceGetClockInfo(handle, ask.NVML_CLOCK_SM)),
        memory_mhz=_told(lambda: ask.nvmlDeviceGetClockInfo(handle, ask.NVML_CLOCK_MEM)),
        celsius=_told(lambda: ask.nvmlDeviceGetTemperature(handle, ask.NVML_TEMPERATURE_GPU)),
        watts=_told(lambda: ask.nvmlDeviceGetPowerUsage(handle) / 1000),
        # By the name that every driver knows; newer ones have another for the same.
        throttling=_told(lambda: ask.nvmlDeviceGetCurrentClocksThrottleReasons(handle)),
    )


def _told(ask: Callable[[], _Value]) -> _Value | None:
    """The answer; None to a question that this card or driver does not know."""
    try:
        return ask()
    except pynvml.NVMLError:
        return None

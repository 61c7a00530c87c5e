"""Cues: presets in the order of the show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError, nearest
from .presets import Preset, check_keys, seconds_of

_KEYS = ("preset", "fade", "seconds", "beats", "bars")
_UNITS = _KEYS[2:]


@dataclass(frozen=True)
class Cue:
    """A step of the show. preset: its number, or its name. fade: seconds, None for the preset's
    own. stays: after so many `unit` the next one comes; None waits for `go`."""

    preset: int | str
    fade: float | None = None
    stays: float | None = None
    unit: str = "seconds"


def parse_cue(table: dict[str, Any], where: str) -> Cue:
    """Reads one table [[cue]]. Raises UsageError with `where`."""
    check_keys(table, _KEYS, where, "no [[cue]] has")
    preset, fade = table.get("preset"), table.get("fade")
    units = [unit for unit in _UNITS if unit in table]
    if isinstance(preset, bool) or not isinstance(preset, int | str):
        raise UsageError(f"{where} needs a preset in each [[cue]], by number or name.")
    if len(units) > 1:
        raise UsageError(f"{where} has a [[cue]] with {units[0]} and {units[1]}; leave one away.")
    stays = table[units[0]] if units else None
    if stays is not None and (
        isinstance(stays, bool) or not isinstance(stays, int | float) or stays <= 0
    ):
        raise UsageError(f"{where} has a [[cue]] with {units[0]} that are not above 0.")
    return Cue(
        preset,
        None if fade is None else seconds_of(fade, where),
        None if stays is None else float(stays),
        units[0] if units else "seconds",
    )


def found(named: int | str, presets: Mapping[int, Preset]) -> int:
    """The number of the preset of that number or name. Raises UsageError, with the nearest, where
    there is none."""
    if named in presets:
        return int(named)
    names = {preset.name.lower(): number for number, preset in presets.items()}
    text = str(named).strip().lower()
    if text in names:
        return names[text]
    if text.isascii() and text.isdigit() and int(text[:3]) in presets:
        return int(text[:3])
    near = nearest(str(named), [preset.name for preset in presets.values()])
    raise UsageError(f"There is no preset '{named}'; nearest: {near}.")

"""Presets: a part of what is played, in a TOML file that people write, edit and share."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from ..declared import Parameter, Value
from ..errors import LivedreamError, UsageError, nearest
from ..store.files import write_bytes
from ..store.settings import read_settings
from .desk import Desk
from .modulation import SOUNDS, WAVES, Modulation, Unit
from .moment import State

FADE = 2.0
"""Seconds that a recall takes where neither it nor the preset says how many."""

LONGEST = 600.0
"""Seconds of the longest fade."""

KEPT = ("dream", "picture")
"""Groups of parameters that a stored preset holds; what belongs to a window is no look."""

NEVER = ("size", "picture", "fluid", "calm", "mirror", "freeze", "compare", "layer", "channel")
"""Of those groups: what belongs to the machine, the room or the moment, and what `layers` says
already."""

_VALUES, _MOVES = "values", "move"
_KEYS = ("name", "fade", _VALUES, _MOVES)
_MOVE = ("of", "wave", "beats", "hertz", "depth", "phase")


@dataclass(frozen=True)
class Preset:
    """What a recall brings the desk to. values: by parameter name; those that are missing stay as
    they are. fade: seconds. moves: the waves on values; none but these stay."""

    name: str
    values: Mapping[str, Value]
    fade: float = FADE
    moves: tuple[Modulation, ...] = ()


def parse_preset(text: str, where: str, parameters: Mapping[str, Parameter]) -> Preset:
    """Read a preset. Raises UsageError with `where`, line and column for what is no TOML, and with
    the nearest name for a parameter that there is not."""
    content = parsed(text, where)
    check_keys(content, _KEYS, where, "no preset has")
    name, fade, values, moves = (content.get(key) for key in _KEYS)
    if not isinstance(name, str) or not isinstance(values, dict):
        raise UsageError(f'{where} needs a name = "..." and a table [values].')
    return Preset(
        name,
        {each: value_of(each, value, where, parameters) for each, value in values.items()},
        FADE if fade is None else seconds_of(fade, where),
        tuple(_move(each, where, parameters) for each in tables(moves, where, _MOVES)),
    )


def parsed(text: str, where: str) -> dict[str, Any]:
    """The TOML in `text`. Raises UsageError with `where`, line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.splitlines() or [""]
        end = f"(at line {len(lines)}, column {len(lines[-1]) + 1})"
        reason = str(error).replace("(at end of document)", end)
        raise UsageError(f"{where} cannot be read: {reason}.") from error
    except RecursionError as error:
        raise UsageError(f"{where} cannot be read: its lists are nested too deep.") from error


def check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str, what: str) -> None:
    """Raises UsageError, with the nearest of the `known` keys, for another one."""
    for key in table:
        if key not in known:
            raise UsageError(f"{where} has '{key}', which {what}; nearest: {nearest(key, known)}.")


def tables(value: object, where: str, key: str) -> list[dict[str, Any]]:
    """The tables [[key]] of a file. Raises UsageError for anything else under that key."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"{where} needs its '{key}' as tables [[{key}]].")
    return value


def seconds_of(value: object, where: str) -> float:
    """Raises UsageError for what is no time of 0 to LONGEST seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise UsageError(f"{where} has a fade that is not 0 to {LONGEST:g} seconds.")
    return float(value)


def from_settings(
    settings: Mapping[str, Any], name: str, where: str, parameters: Mapping[str, Parameter]
) -> Preset:
    """What made a picture, as a preset. Raises UsageError for layers that there are not here."""
    kept = {each: settings[each] for each in settings if _is_kept(each, parameters)}
    return Preset(
        name, {each: value_of(each, value, where, parameters) for each, value in kept.items()}
    )


def read_preset(path: Path, parameters: Mapping[str, Parameter]) -> Preset:
    """Of a TOML file, or of a snapshot with its settings. Raises as `parse_preset`, and
    LivedreamError where the file cannot be read."""
    if path.suffix.lower() == ".png":
        return from_settings(read_settings(path), path.stem, str(path), parameters)
    return parse_preset(read_text(path), str(path), parameters)


def read_text(path: Path) -> str:
    """Raises LivedreamError where the file cannot be read, UsageError for what is no text."""
    try:
        return path.read_text("utf-8-sig")  # Some editors mark UTF-8 so.
    except OSError as error:
        raise LivedreamError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8.") from error


def written(preset: Preset) -> str:
    """The text that `parse_preset` reads."""
    moves = [
        {
            "of": each.name,
            "wave": each.wave,
            "depth": each.depth,
            **({} if each.wave in SOUNDS else {each.unit: each.rate, "phase": each.phase}),
        }
        for each in preset.moves
    ]
    return tomli_w.dumps(
        {
            "name": preset.name,
            "fade": preset.fade,
            _VALUES: dict(preset.values),
            **({_MOVES: moves} if moves else {}),
        }
    )


def write_preset(path: Path, preset: Preset) -> None:
    """Writes the file as a whole. Raises what `write_bytes` raises."""
    write_bytes(path, written(preset).encode())


def stored(
    name: str,
    state: State,
    moves: Iterable[Modulation],
    parameters: Mapping[str, Parameter],
) -> Preset:
    """What is played now, as a preset."""
    kept = {each: value for each, value in state.items() if _is_kept(each, parameters)}
    return Preset(name, kept, moves=tuple(moves))


def recall(
    desk: Desk,
    preset: Preset,
    source: str,
    seconds: float | None = None,
    begin: float | None = None,
) -> None:
    """Bring the desk to the preset, from where things are. seconds: in place of its own. begin: as
    of `Desk.fade`."""
    duration = preset.fade if seconds is None else seconds
    desk.fade(preset.values, source, duration, begin)
    desk.modulate(preset.moves, duration, begin)


def value_of(name: str, value: object, where: str, parameters: Mapping[str, Parameter]) -> Value:
    """Inside the parameter's range. Raises UsageError, with `where`, for what is none of its values
    and for a name that is no parameter."""
    parameter = parameters.get(name)
    if parameter is None or parameter.kind == "trigger":
        raise UsageError(
            f"{where} has a value for '{name}', which is no parameter; nearest: "
            f"{nearest(name, parameters)}."
        )
    try:
        return parameter.clamp(value)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _is_kept(name: str, parameters: Mapping[str, Parameter]) -> bool:
    return name in parameters and parameters[name].group in KEPT and name not in NEVER


def _move(table: dict[str, Any], where: str, parameters: Mapping[str, Parameter]) -> Modulation:
    check_keys(table, _MOVE, where, "no [[move]] has")
    name, wave = table.get("of"), table.get("wave", "sine")
    movable = [
        each.name
        for each in parameters.values()
        if each.kind == "number" and each.cost == "instant" and _is_kept(each.name, parameters)
    ]
    if name not in movable:
        raise UsageError(
            f"{where} moves '{name}', which cannot change from frame to frame; nearest: "
            f"{nearest(str(name), movable)}."
        )
    waves = (*WAVES, *SOUNDS)
    if wave not in waves:
        raise UsageError(f"{where} has no wave '{wave}'; nearest: {nearest(str(wave), waves)}.")
    units: list[Unit] = [unit for unit in ("beats", "hertz") if unit in table]
    if wave in SOUNDS and not units:
        units, table = ["beats"], {**table, "beats": 1.0}
    if len(units) != 1:
        raise UsageError(f"{where} needs beats = ... or hertz = ... in each [[move]].")
    numbers = table[units[0]], table.get("depth", 0.25), table.get("phase", 0.0)
    if not all(
        isinstance(each, int | float) and not isinstance(each, bool) and abs(each) <= LONGEST
        for each in numbers
    ):
        raise UsageError(f"{where} has a [[move]] with a number that is none, or is too large.")
    rate, depth, phase = map(float, numbers)
    if rate <= 0:
        raise UsageError(f"{where} has a [[move]] with {units[0]} that are not above 0.")
    return Modulation(str(name), depth, rate, units[0], str(wave), phase)

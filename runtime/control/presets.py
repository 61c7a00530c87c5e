"""Presets: a part of what is played, in a TOML file that people write, edit and share."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from ..declared import Parameter, Value
from ..errors import LivedreamError, UsageError, nearest
from ..store.files import write_bytes
from .desk import Desk, State

FADE = 2.0
"""Seconds that a recall takes where neither it nor the preset says how many."""

LONGEST = 600.0
"""Seconds of the longest fade."""

KEPT = ("dream", "picture")
"""Groups of parameters that a stored preset holds; what belongs to a window is no look."""

NEVER = ("size", "picture", "fluid", "mirror", "freeze", "compare", "layer", "channel")
"""Of those groups: what belongs to the machine, the room or the moment, and what `layers` says
already."""

_TABLE = "values"
_KEYS = ("name", "fade", _TABLE)


@dataclass(frozen=True)
class Preset:
    """What a recall brings the desk to. values: by parameter name; those that are missing stay as
    they are. fade: seconds."""

    name: str
    values: Mapping[str, Value]
    fade: float = FADE


def parse_preset(text: str, where: str, parameters: Mapping[str, Parameter]) -> Preset:
    """Read a preset. Raises UsageError with `where`, line and column for what is no TOML, and with
    the nearest name for a parameter that there is not."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} cannot be read: {error}.") from error
    unknown = next((key for key in content if key not in _KEYS), None)
    if unknown is not None:
        raise UsageError(
            f"{where} has '{unknown}', which no preset has; nearest: {nearest(unknown, _KEYS)}."
        )
    name, fade, values = (content.get(key) for key in _KEYS)
    if not isinstance(name, str) or not isinstance(values, dict):
        raise UsageError(f'{where} needs a name = "..." and a table [values].')
    if fade is not None and not (isinstance(fade, (int, float)) and 0 <= fade <= LONGEST):
        raise UsageError(f"{where} has a fade that is not 0 to {LONGEST:g} seconds.")
    return Preset(
        name,
        {each: _value(each, value, where, parameters) for each, value in values.items()},
        FADE if fade is None else float(fade),
    )


def read_preset(path: Path, parameters: Mapping[str, Parameter]) -> Preset:
    """Raises as `parse_preset`, and LivedreamError where the file cannot be read."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise LivedreamError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8.") from error
    return parse_preset(text, str(path), parameters)


def written(preset: Preset) -> str:
    """The text that `parse_preset` reads."""
    return tomli_w.dumps({"name": preset.name, "fade": preset.fade, _TABLE: dict(preset.values)})


def write_preset(path: Path, preset: Preset) -> None:
    """Writes the file as a whole. Raises what `write_bytes` raises."""
    write_bytes(path, written(preset).encode())


def stored(name: str, state: State, parameters: Mapping[str, Parameter]) -> Preset:
    """What is played now, as a preset."""
    kept = {
        each: value
        for each, value in state.items()
        if parameters[each].group in KEPT and each not in NEVER
    }
    return Preset(name, kept)


def recall(desk: Desk, preset: Preset, source: str, seconds: float | None = None) -> None:
    """Bring the desk to the preset, from where things are now. seconds: in place of its own."""
    desk.fade(preset.values, source, preset.fade if seconds is None else seconds)


def _value(name: str, value: object, where: str, parameters: Mapping[str, Parameter]) -> Value:
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

"""The folder of a show: presets that people edit while it plays, and what a person wrote in
show.toml, which the program never writes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..declared import Parameter, Value
from ..errors import LivedreamError, UsageError
from ..scaling import scaled
from ..store.files import write_bytes
from .cues import Cue, parse_cue
from .listening import SURFACES
from .presets import (
    Preset,
    check_keys,
    parsed,
    read_preset,
    read_text,
    tables,
    value_of,
    write_preset,
)

PLAN = "show.toml"
PRESETS = "presets"
READ = (".toml", ".png")
THUMBNAIL = (320, 180)
"""(width, height) that the picture beside a preset fits into."""

_NUMBERED = re.compile(r"(\d{1,2})[ _.-]*(.*)")
_PLAN = (*SURFACES, "sources", "attract", "values", "cue")
_UNNAMED = re.compile(r'[/\\:*?"<>|\x00-\x1f]')

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Plan:
    """What show.toml says. surfaces: what listens, by option; values: to begin with. attract: what
    is to be seen while nobody is there. sources: that may be played, by the names that they are
    played with."""

    surfaces: Mapping[str, str]
    values: Mapping[str, Value]
    cues: tuple[Cue, ...] = ()
    attract: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


NOTHING = Plan({}, {})


def parse_plan(text: str, where: str, parameters: Mapping[str, Parameter]) -> Plan:
    """Reads show.toml. Raises UsageError with `where`, and line and column for what is no TOML."""
    content = parsed(text, where)
    check_keys(content, _PLAN, where, "no show has")
    surfaces = {key: content[key] for key in SURFACES if key in content}
    attract = content.get("attract")
    texts = [*surfaces.values(), "" if attract is None else attract]
    values = content.get("values", {})
    if not all(isinstance(each, str) for each in texts) or not isinstance(values, dict):
        raise UsageError(
            f"{where} needs {', '.join((*SURFACES, 'attract'))} as texts, and values as a table "
            "[values]."
        )
    return Plan(
        surfaces,
        {name: value_of(name, value, where, parameters) for name, value in values.items()},
        tuple(parse_cue(each, where) for each in tables(content.get("cue"), where, "cue")),
        attract,
        _sources(content, where),
    )


def listed_sources(path: Path) -> Mapping[str, str]:
    """The sources that the show in the folder `path` lists, by the names that they are played with:
    which values there are for `source` is known before the rest is read. Raises UsageError."""
    plan = path / PLAN
    return _sources(parsed(read_text(plan), str(plan)), str(plan)) if plan.is_file() else {}


def _sources(content: Mapping[str, Any], where: str) -> Mapping[str, str]:
    sources = content.get("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(each, str) for each in sources.values()):
        raise UsageError(f'{where} needs its [sources] as texts, as in wall = "ndi:Wall".')
    return sources


class Folder:
    """The presets of the show in `path`, and its plan, as they are while people edit them.

    A file that cannot be read keeps what it said before. parameters: those that presets may name.
    Raises LivedreamError where there is no folder, UsageError where its show.toml is wrong; what is
    wrong with presets `problems` tells.
    """

    def __init__(self, path: Path, parameters: Mapping[str, Parameter]) -> None:
        if not path.is_dir():
            raise LivedreamError(
                f"There is no folder {path}; `livedream show new {path}` makes one."
            )
        self.path = path
        self.presets: Mapping[int, Preset] = {}
        self.plan = NOTHING
        self._parameters = parameters
        self._lock = threading.Lock()  # Stored in one thread, looked at in another.
        self._seen: dict[Path, Signature] = {}
        self._seen = self._applied = self._signatures()
        self._read: dict[Path, Preset] = {}
        if path / PLAN in self._seen:
            self.plan = parse_plan(read_text(path / PLAN), str(path / PLAN), parameters)
        self.problems = self._read_presets(set(self._seen))

    def look(self) -> list[str] | None:
        """Read what changed since the last look and then rested for one; None where nothing did,
        else what a person should know of it."""
        with self._lock:
            return self._look()

    def keep(self, number: int, preset: Preset, picture: np.ndarray | None) -> str:
        """As `Shelf.keep`: in a file, with a thumbnail beside it. The file that was there stays as
        NAME.bak."""
        with self._lock:
            return self._keep(number, preset, picture)

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Those of the plan."""
        return self.plan.cues

    def thumbnail(self, number: int) -> Path | None:
        """The picture beside a preset, where there is one; a snapshot is its own."""
        for path in self._read:
            if numbered(path)[0] == number:
                beside = path if path.suffix == ".png" else path.with_suffix(".jpg")
                return beside if beside.is_file() else None
        return None

    def _keep(self, number: int, preset: Preset, picture: np.ndarray | None) -> str:
        folder = self.path / PRESETS
        path = folder / f"{number:02d} {_UNNAMED.sub(' ', preset.name).strip(' .')}.toml"
        try:
            folder.mkdir(exist_ok=True)
            for old in [each for each in self._read if numbered(each)[0] == number]:
                os.replace(old, old.with_name(old.name + ".bak"))
                del self._read[old]
        except OSError as error:
            raise LivedreamError(f"{path} cannot be written: {error.strerror}.") from error
        write_preset(path, preset)
        if picture is not None:
            write_bytes(path.with_suffix(".jpg"), thumbnail(picture))
        self._read[path] = preset
        self.presets = {**self.presets, number: preset}
        return f"Stored as {path}"

    def _look(self) -> list[str] | None:
        before, self._seen = self._seen, self._signatures()
        if self._seen != before or self._seen == self._applied:
            return None
        changed = {
            path
            for path in self._seen.keys() | self._applied.keys()
            if self._seen.get(path) != self._applied.get(path)
        }
        self._applied = self._seen
        told = self._read_presets(changed)
        plan = self.path / PLAN
        if plan in changed and plan in self._seen:
            try:
                sources = self.plan.sources
                self.plan = parse_plan(read_text(plan), str(plan), self._parameters)
                if self.plan.sources != sources:
                    told.append(f"{plan}: its [sources] count from the next start.")
            except LivedreamError as error:
                told.append(str(error))
        return told

    def _read_presets(self, changed: set[Path]) -> list[str]:
        """Returns what is wrong."""
        told = []
        for path in sorted(changed):
            if path.name == PLAN:
                continue
            if path not in self._seen:
                self._read.pop(path, None)
                continue
            try:
                self._read[path] = read_preset(path, self._parameters)
            except LivedreamError as error:
                told.append(str(error))
        found: dict[int, Path] = {}
        for path in sorted(self._read):
            number, _ = numbered(path)
            if found.setdefault(number, path) != path and path in changed:
                told.append(f"{path} has the number of {found[number].name}; rename one of them.")
        self.presets = {number: self._read[path] for number, path in found.items()}
        return told

    def _signatures(self) -> dict[Path, Signature]:
        """Of every file that counts; as they were where the folder cannot be seen now."""
        try:
            paths = [self.path / PLAN]
            if (self.path / PRESETS).is_dir():
                paths += [
                    path
                    for path in (self.path / PRESETS).iterdir()
                    if path.suffix.lower() in READ and numbered(path)[0]
                ]
            elif not self.path.is_dir():
                return self._seen
        except OSError:
            return self._seen
        return {path: signature for path in paths if (signature := _signature(path))}


def numbered(path: Path) -> tuple[int, str]:
    """Number and name of a preset's file, such as `03 stars.toml`; number 0 where it has none."""
    match = _NUMBERED.fullmatch(path.stem)
    return (int(match[1]), match[2]) if match else (0, path.stem)


def thumbnail(picture: np.ndarray) -> bytes:
    """A small JPEG of `picture`, uint8 BGR [height, width, 3]."""
    return cv2.imencode(".jpg", scaled(picture, THUMBNAIL))[1].tobytes()


def _signature(path: Path) -> Signature | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

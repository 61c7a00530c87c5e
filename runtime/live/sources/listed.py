"""The sources that a show may change between, by the names that they are played with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ...control.parameters import CAMERA
from ...errors import LivedreamError, UsageError
from . import check_source, is_folder
from .address import public_address, split
from .clip import printable


def named(specs: Sequence[str], listed: Mapping[str, str]) -> dict[str, str | None]:
    """Name -> source as `open_source` reads it; the first one begins. None is the first camera.

    specs: of the command line, each a source or a name of `listed`, a show's own; what they leave
    out of that comes after them. Nothing else can be said while it plays, least of all a file or
    an address: who may play the show need not be trusted with the disk and the network.
    Raises UsageError for an empty one, which a script says whose variable is not set.
    """
    found: dict[str, str | None] = {}
    for spec in specs:
        if not spec.strip():
            raise UsageError("The name of a source is empty; leave it out for the first camera.")
        own = spec in listed
        name = first = spec if own else name_of(spec)
        count = 1
        while name in found or (not own and name in listed):
            count += 1
            name = f"{first} {count}"
        found[name] = listed[spec] if own else spec
    return {**found, **{name: spec for name, spec in listed.items() if name not in found}} or {
        CAMERA: None
    }


def name_of(spec: str) -> str:
    """What a source is called on the desk, such as `clip.mp4` or `camera 1`; of an address nothing
    that is secret. Raises UsageError for an address that cannot be read."""
    if spec.isdigit():
        return f"{CAMERA} {spec}"
    if "://" in spec and split(spec).scheme != "file":
        return public_address(spec)
    if re.fullmatch(r"(screen|ndi|spout|syphon)(:.*)?|demo", spec):
        return spec
    return printable(Path(spec).name or spec)


def check_listed(
    listed: Mapping[str, str | None], typed: Sequence[str], say: Callable[[str], None]
) -> None:
    """Look, as `check_source` does, whether each source of `named` is one, before one is chosen.

    Raises UsageError for one of `typed`, the specs of a command line; of others, which may be on
    a disk that is not there yet, `say` hears.
    """
    for name, spec in listed.items():
        try:
            if spec is not None:
                check_source(spec)
        except LivedreamError as error:
            if isinstance(error, UsageError) and spec in typed:
                raise
            say(f"The source {name} cannot be played as it is. {error}")


def slides(listed: Mapping[str, str | None]) -> bool:
    """Whether a source of `named` is a folder of pictures."""
    return any(spec is not None and is_folder(spec) for spec in listed.values())

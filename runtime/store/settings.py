"""Pictures that carry the settings that made them: JSON in a PNG's text or a JPEG's comment."""

from __future__ import annotations

import json
import math
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image

from ..errors import LivedreamError

KEYWORD = "livedream"
_READ = ("PNG", "JPEG")

LONGEST = 65_000
"""Characters of JSON; what a JPEG's comment holds."""

DEEPEST = 4
"""Levels of objects and lists."""

LARGEST = 2**63
"""Of a whole number; longer ones are meant to cost time."""


def with_settings(encoded: bytes, settings: dict[str, Any]) -> bytes:
    """An encoded PNG or JPEG with `settings` in it; another kind of picture carries none and is
    returned as it is, as is one whose settings are too long."""
    text = json.dumps(settings, sort_keys=True, default=str).encode("ascii")
    if not settings or len(text) > LONGEST:
        return encoded
    if encoded.startswith(b"\x89PNG"):
        # After the 8 bytes of signature and the 25 of the header chunk.
        body = b"tEXt" + KEYWORD.encode() + b"\0" + text
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return encoded[:33] + chunk + encoded[33:]
    if encoded.startswith(b"\xff\xd8"):
        return encoded[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + encoded[2:]
    return encoded


def read_settings(path: Path | str) -> dict[str, Any]:
    """The settings that a PNG or JPEG carries: finite numbers, words and truth values by name, in
    objects and lists of at most DEEPEST levels. Pixels are not decoded.

    Whoever sends a picture decides what is in it: what the values mean, and whether they are in
    range, is for the reader to check. Raises LivedreamError when the file is missing, neither PNG
    nor JPEG, damaged, or carries none.
    """
    path = Path(path).expanduser()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_READ) as picture:
            kind, info = picture.format, picture.info
    except FileNotFoundError as error:
        raise LivedreamError(f"{path} does not exist; check the name.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LivedreamError(
            f"{path} is no PNG or JPEG that can be read; only those carry their settings."
        ) from error
    text = info.get(KEYWORD if kind == "PNG" else "comment")
    if not isinstance(text, str | bytes):
        raise LivedreamError(f"{path} carries no settings: livedream did not write it.")
    try:
        return _checked(text)
    except (ValueError, RecursionError) as error:
        raise LivedreamError(f"The settings in {path} are damaged ({error}).") from error


def _checked(text: str | bytes) -> dict[str, Any]:
    """Raises ValueError and RecursionError."""
    if len(text) > LONGEST:
        raise ValueError("they are too long")
    if not text.isascii():
        raise ValueError("they are not ASCII")
    settings = json.loads(text, parse_constant=_no_number)
    if not isinstance(settings, dict):
        raise ValueError("they are no JSON object")
    _check(settings, DEEPEST)
    return settings


def _check(value: object, levels: int) -> None:
    if isinstance(value, dict | list):
        if levels == 0:
            raise ValueError(f"they are nested deeper than {DEEPEST} levels")
        for inner in value.values() if isinstance(value, dict) else value:
            _check(inner, levels - 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number is not finite")
    elif isinstance(value, int):
        if abs(value) >= LARGEST:
            raise ValueError("a number is too large")
    elif not isinstance(value, str):
        raise ValueError("a value is missing")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")

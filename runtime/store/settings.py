"""Pictures and clips that carry the settings that made them, as JSON: in a PNG's text, a JPEG's
comment, a chunk of WebP, the description of TIFF, the comment of a clip."""

from __future__ import annotations

import json
import math
import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import av
import av.error
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ..errors import LivedreamError, UsageError

KEYWORD = "livedream"
_CHUNK = b"LDRM"
"""Of WebP, whose readers pass over chunks that they do not know."""

_DESCRIPTION, _XMP = 270, 700
"""The tags of TIFF."""

_XMP_FLAG = 4
"""Of WebP's VP8X."""

_READ = ("PNG", "JPEG", "WEBP", "TIFF")

CLIPS = (".mp4", ".mov", ".m4v", ".mkv", ".webm")
"""Suffixes of what is read as a clip."""

LONGEST = 65_000
"""Characters of JSON; what a JPEG's comment holds."""

DEEPEST = 4
"""Levels of objects and lists."""

LARGEST = 2**63
"""Of a whole number; longer ones are meant to cost time."""


def with_settings(encoded: bytes, settings: dict[str, Any]) -> bytes:
    """An encoded PNG, JPEG, WebP or TIFF with `settings` in it; another kind of picture carries
    none and is returned as it is, as is one whose settings are too long."""
    text = as_text(settings).encode("ascii")
    if not settings or len(text) > LONGEST:
        return encoded
    if encoded.startswith(b"\x89PNG"):
        return _in_png(encoded, b"tEXt" + KEYWORD.encode() + b"\0" + text)
    if encoded.startswith(b"\xff\xd8"):
        return _in_jpeg(encoded, b"\xff\xfe", text)
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return _in_webp(encoded, _CHUNK, text)
    if encoded[:4] == b"II*\0":
        return _in_tiff(encoded, _DESCRIPTION, 2, text + b"\0")
    return encoded


def with_xmp(encoded: bytes, xmp: bytes) -> bytes:
    """An encoded PNG, JPEG, WebP or TIFF with an XMP packet in it; another kind as it is."""
    if encoded.startswith(b"\x89PNG"):
        return _in_png(encoded, b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + xmp)
    if encoded.startswith(b"\xff\xd8"):
        return _in_jpeg(encoded, b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return _in_webp(encoded, b"XMP ", xmp, _XMP_FLAG)
    if encoded[:4] == b"II*\0":
        return _in_tiff(encoded, _XMP, 1, xmp)
    return encoded


def as_text(settings: dict[str, Any]) -> str:
    """The JSON of `settings`, ASCII, the same for the same settings."""
    return json.dumps(settings, sort_keys=True, default=str)


def _in_png(encoded: bytes, body: bytes) -> bytes:
    """After the 8 bytes of signature and the 25 of the header chunk."""
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return encoded[:33] + chunk + encoded[33:]


def _in_jpeg(encoded: bytes, marker: bytes, body: bytes) -> bytes:
    return encoded[:2] + marker + struct.pack(">H", len(body) + 2) + body + encoded[2:]


def _in_webp(encoded: bytes, kind: bytes, text: bytes, flag: int = 0) -> bytes:
    """Other chunks than the picture's own are legal behind a VP8X, which says how large it is."""
    chunks = encoded[12:]
    if not chunks.startswith(b"VP8X"):
        with Image.open(BytesIO(encoded), formats=["WEBP"]) as picture:
            sides = b"".join(struct.pack("<I", side - 1)[:3] for side in picture.size)
        chunks = b"VP8X" + struct.pack("<II", 10, 0) + sides + chunks
    chunks = chunks[:8] + bytes([chunks[8] | flag]) + chunks[9:]
    chunks += kind + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _of_webp(path: Path) -> bytes | None:
    content = path.read_bytes()
    place = 12
    while place + 8 <= len(content):
        (length,) = struct.unpack_from("<I", content, place + 4)
        if content[place : place + 4] == _CHUNK:
            return content[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    return None


def _in_tiff(encoded: bytes, tag: int, kind: int, text: bytes) -> bytes:
    """The directory is written once more, at the end, with one entry more; entries are in order."""
    (place,) = struct.unpack_from("<I", encoded, 4)
    (count,) = struct.unpack_from("<H", encoded, place)
    start = place + 2
    entries = [encoded[start + 12 * n : start + 12 * n + 12] for n in range(count)]
    following = encoded[start + 12 * count : start + 12 * count + 4]
    body = encoded + b"\0" * (len(encoded) % 2)
    entry = struct.pack("<HHII", tag, kind, len(text), len(body))
    body += text + b"\0" * (len(text) % 2)
    entries = sorted([*entries, entry], key=lambda each: struct.unpack("<H", each[:2]))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + following
    return body[:4] + struct.pack("<I", len(body)) + body[8:] + directory


def read_settings(path: Path | str) -> dict[str, Any]:
    """The settings that a picture or clip carries: finite numbers, words and truth values by name,
    in objects and lists of at most DEEPEST levels. Pixels are not decoded.

    Whoever sends a picture decides what is in it: what the values mean, and whether they are in
    range, is for the reader to check. Raises LivedreamError when the file is missing, of no kind
    that carries settings, damaged, or carries none.
    """
    path = Path(path).expanduser()
    text = _of_clip(path) if path.suffix.lower() in CLIPS else _of_picture(path)
    if not isinstance(text, str | bytes):
        raise LivedreamError(f"{path} carries no settings: livedream did not write it.")
    try:
        return _checked(text)
    except (ValueError, RecursionError) as error:
        raise LivedreamError(f"The settings in {path} are damaged ({error}).") from error


def _of_clip(path: Path) -> str | None:
    if not path.exists():
        raise UsageError(f"{path} does not exist; check the name.")
    try:
        with av.open(str(path.resolve())) as clip:
            comment = {name.lower(): text for name, text in clip.metadata.items()}.get("comment")
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise LivedreamError(f"{path} is no clip that can be read.") from error
    return comment if comment and comment.startswith("{") else None


def _of_picture(path: Path) -> str | bytes | None:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_READ) as picture:
            kind, info = picture.format, dict(picture.info)
            if isinstance(picture, TiffImageFile):
                info[KEYWORD] = picture.tag_v2.get(_DESCRIPTION)
        if kind == "WEBP":
            info[KEYWORD] = _of_webp(path)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; check the name.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LivedreamError(
            f"{path} is no picture or clip that can be read; only those carry their settings."
        ) from error
    return info.get("comment" if kind == "JPEG" else KEYWORD)


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

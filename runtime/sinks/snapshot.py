"""Pictures of the running dream that carry the settings that made them."""

from __future__ import annotations

import json
import struct
import zlib
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError
from ..store.files import check_writable, give_back, take_free
from ..store.pictures import write_photo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"livedream"


def save_snapshot(
    image: np.ndarray, settings: dict[str, Any], folder: Path | str = ".", stem: str = "livedream"
) -> Path:
    """Writes `image`, uint8 BGR [height, width, 3], as the next free STEM-0001.png in `folder`.

    `settings`, anything JSON takes, goes into the file; `read_settings` gives it back. Never
    replaces a file. Raises LivedreamError when the folder is missing, read-only or full.
    """
    names = (Path(folder).expanduser() / f"{stem}-{number:04d}.png" for number in count(1))
    first = next(names)
    check_writable(first)
    path = take_free(chain((first,), names))
    try:
        write_photo(path, image, settings)
    except BaseException:
        give_back(path)
        raise
    return path


def read_settings(path: Path | str) -> dict[str, Any]:
    """The settings a snapshot or a dreamt PNG carries.

    Raises LivedreamError when the file is missing, no PNG, damaged, or carries none.
    """
    path = Path(path).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LivedreamError(f"{path} cannot be read: {error.strerror}.") from error
    if not content.startswith(SIGNATURE):
        raise LivedreamError(f"{path} is no PNG; only PNG snapshots carry their settings.")
    place = len(SIGNATURE)
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + length]
        if kind == b"tEXt" and body.startswith(KEYWORD + b"\0"):
            crc = content[place + 8 + length : place + 12 + length]
            if crc != zlib.crc32(kind + body).to_bytes(4, "big"):
                break
            return json.loads(body[len(KEYWORD) + 1 :])
        place += 12 + length
    else:
        raise LivedreamError(f"{path} carries no settings: livedream did not write it.")
    raise LivedreamError(f"The settings in {path} are damaged.")

"""Photos of iPhones, HEIC: read by the extra `heif`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError

HEAD = 12
"""Bytes of a file that tell what it is."""

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_heif(head: bytes) -> bool:
    """Whether a file that begins with `head`, at least HEAD bytes, is one."""
    return head[4:8] == b"ftyp" and head[8:HEAD] in _BRANDS


def read_heif(path: Path, content: bytes, largest: int) -> np.ndarray:
    """The photo as uint8 BGR or BGRA [height, width, channels], upright.

    Raises LivedreamError where the extra is missing, and for one that is damaged or holds more than
    `largest` pixels.
    """
    try:
        import pi_heif  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise LivedreamError(
            f"{path} is a HEIC photo: install what reads it (`pip install 'livedream[heif]'`), "
            "or save it as JPEG."
        ) from error
    try:
        # Its parts are decoded when they are asked for.
        opened: Any = pi_heif.open_heif(content, convert_hdr_to_8bit=True, bgr_mode=True)
        width, height = opened.size
        if width * height <= largest:
            return np.asarray(opened)
    except (ValueError, EOFError, RuntimeError, SyntaxError, OSError) as error:
        raise LivedreamError(f"{path} cannot be decoded as a photo: {error}.") from error
    raise LivedreamError(
        f"{path} is too large a picture; at most {largest / 1e6:.0f} megapixels are read."
    )

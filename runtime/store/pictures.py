"""Photos in and out of files."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import LivedreamError, UsageError
from .files import write_bytes

# Suffix to OpenCV's encoder and its quality; PNG and TIFF lose nothing.
_WRITERS: dict[str, tuple[str, list[int]]] = {
    ".png": (".png", []),
    ".jpg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
    ".jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
    ".webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 95]),
    ".tif": (".tiff", []),
    ".tiff": (".tiff", []),
}
SUFFIXES = tuple(_WRITERS)

# Undo an EXIF orientation: the picture as it lies in the file, to the picture as it was seen.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: image[::-1].swapaxes(0, 1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: image[:, ::-1].swapaxes(0, 1),
}


def read_photo(path: Path | str) -> np.ndarray:
    """The photo as uint8 BGR [height, width, 3], upright as its EXIF orientation says.

    Grey becomes three equal channels, 16 bits become 8, transparency lies on black.
    Raises LivedreamError for a file that is missing, unreadable, or no image.
    """
    path = Path(path).expanduser()
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise LivedreamError(f"{path} does not exist; check the name.") from error
    except IsADirectoryError as error:
        raise LivedreamError(f"{path} is a folder; name a photo in it.") from error
    except OSError as error:
        raise LivedreamError(f"{path} cannot be read: {error.strerror}.") from error
    if not content:
        raise LivedreamError(f"{path} is empty; it holds no photo.")
    try:
        # UNCHANGED keeps alpha and depth, and leaves the orientation to us.
        stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise LivedreamError(f"{path} cannot be decoded as a photo: {error.err}.") from error
    if stored is None:
        raise LivedreamError(
            f"{path} is no photo that OpenCV can read, or is damaged; use PNG, JPEG, WebP or TIFF."
        )
    upright = _UPRIGHT.get(orientation(content), lambda image: image)
    return np.ascontiguousarray(upright(to_bgr(stored)))


def write_photo(
    path: Path | str, image: np.ndarray, settings: dict[str, Any], *, overwrite: bool = False
) -> None:
    """Write uint8 BGR [height, width, 3] as PNG, JPEG, WebP or TIFF, by the suffix of `path`.

    `settings`, what made the picture, travels in the file as JSON: in PNG as text chunk
    `livedream`, in JPEG as comment; WebP and TIFF carry none.
    Raises UsageError for an unknown suffix, LivedreamError where the file cannot be written. Where
    one is there and `overwrite` is not set, it stays; the error says where the new one is.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(
            f"{path.name} has no photo format that can be written; end it in {', '.join(SUFFIXES)}."
        )
    encoder, options = _WRITERS[path.suffix.lower()]
    try:
        done, encoded = cv2.imencode(encoder, image, options)
    except cv2.error as error:
        # JPEG and WebP have a largest size that PNG and TIFF do not have.
        raise LivedreamError(f"{path} cannot be encoded: {error.err}; try .png.") from error
    if not done:
        height, width = image.shape[:2]
        raise LivedreamError(
            f"{path} cannot be encoded: {width}x{height} does not fit the format; try .png."
        )
    write_bytes(path, _with_settings(encoded.tobytes(), encoder, settings), overwrite)


def to_bgr(image: np.ndarray) -> np.ndarray:
    """Any decoded picture as uint8 BGR [height, width, 3]: depth reduced, grey expanded, alpha laid
    on black. Integers span their type's range, floats 0..1."""
    if image.dtype == np.uint16:
        # 65535 / 255 = 257: rounding to nearest maps both ends exactly.
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    elif np.issubdtype(image.dtype, np.floating):
        finite = np.nan_to_num(image, nan=0.0, posinf=1.0, neginf=0.0)
        image = np.rint(np.clip(finite, 0, 1) * 255).astype(np.uint8)
    elif image.dtype != np.uint8:
        limits = np.iinfo(image.dtype)
        unit = (image.astype(np.float64) - limits.min) / (limits.max - limits.min)
        image = np.rint(unit * 255).astype(np.uint8)
    if image.ndim == 2:
        image = image[:, :, None]
    channels = image.shape[2]
    colour = image[:, :, :3] if channels >= 3 else image[:, :, :1].repeat(3, axis=2)
    if channels in (2, 4):
        alpha = image[:, :, -1:].astype(np.uint16)
        colour = ((colour * alpha + 127) // 255).astype(np.uint8)
    return colour


def orientation(content: bytes) -> int:
    """EXIF orientation 1..8 of an encoded JPEG, PNG or WebP; 1, upright, where there is none.

    TIFF is left out on purpose: its decoder turns the picture itself.
    """
    exif = _exif(content)
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return 1
    (start,) = struct.unpack_from(order + "I", exif, 4)
    if start + 2 > len(exif):
        return 1
    (entries,) = struct.unpack_from(order + "H", exif, start)
    for entry in range(start + 2, min(start + 2 + 12 * entries, len(exif) - 11), 12):
        tag, kind, _count, value = struct.unpack_from(order + "HHIH", exif, entry)
        if tag == 0x0112 and kind == 3:
            return value if 1 <= value <= 8 else 1
    return 1


def _exif(content: bytes) -> bytes:
    """The EXIF block, from its byte-order mark on; empty where there is none."""
    if content[:2] == b"\xff\xd8":
        return _jpeg_exif(content)
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return _chunk(content, 8, b"eXIf", ">I4s", padded=False, trailer=4)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _chunk(content, 12, b"EXIF", "<4sI", padded=True, trailer=0).removeprefix(
            b"Exif\0\0"
        )
    return b""


def _jpeg_exif(content: bytes) -> bytes:
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xDA:  # the picture itself begins; EXIF comes before it
            break
        (length,) = struct.unpack_from(">H", content, place + 2)
        body = content[place + 4 : place + 2 + length]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            return body[6:]
        place += 2 + length
    return b""


def _chunk(
    content: bytes, place: int, wanted: bytes, header: str, *, padded: bool, trailer: int
) -> bytes:
    """The body of the first chunk named `wanted`, in PNG's or RIFF's chain of chunks."""
    while place + 8 <= len(content):
        fields = struct.unpack_from(header, content, place)
        length, name = fields if isinstance(fields[0], int) else fields[::-1]
        if name == wanted:
            return content[place + 8 : place + 8 + length]
        place += 8 + length + (length % 2 if padded else 0) + trailer
    return b""


def _with_settings(encoded: bytes, encoder: str, settings: dict[str, Any]) -> bytes:
    if not settings:
        return encoded
    text = json.dumps(settings, sort_keys=True, default=str).encode("ascii")
    if encoder == ".png":
        # After the 8 bytes of signature and the 25 of the header chunk.
        body = b"tEXt" + b"livedream\0" + text
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return encoded[:33] + chunk + encoded[33:]
    if encoder == ".jpg" and len(text) <= 65000:
        return encoded[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + encoded[2:]
    return encoded

"""Photos in and out of files."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image

from ..errors import LivedreamError, UsageError
from .files import write_bytes
from .heif import HEAD, is_heif, read_heif
from .settings import with_settings, with_xmp
from .spherical_xmp import sphere_xmp

LARGEST = 1 << 27
"""Pixels of a photo, a hundred megapixels and some: a file of a few kilobytes may hold more than
fits into memory."""

# Pillow reads what is said about a picture, OpenCV its pixels. TIFF's decoder turns the picture
# itself, and has no block of EXIF.
_LOOKED_AT = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000")

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
    1: lambda image: image,
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
    Raises UsageError for a file that is missing, LivedreamError for one that is unreadable, no
    image, or larger than LARGEST.
    """
    path = Path(path).expanduser()
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; check the name.") from error
    except IsADirectoryError as error:
        raise LivedreamError(f"{path} is a folder; name a photo in it.") from error
    except OSError as error:
        raise LivedreamError(f"{path} cannot be read: {error.strerror}.") from error
    if not content:
        raise LivedreamError(f"{path} is empty; it holds no photo.")
    if is_heif(content[:HEAD]):
        return np.ascontiguousarray(to_bgr(read_heif(path, content, LARGEST)))
    turned = _look(path, content)
    try:
        # UNCHANGED keeps alpha and depth, and leaves the orientation to us.
        stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise LivedreamError(f"{path} cannot be decoded as a photo: {error.err}.") from error
    if stored is None:
        raise LivedreamError(
            f"{path} is no photo that OpenCV can read, or is damaged; use PNG, JPEG, WebP, AVIF "
            "or TIFF."
        )
    return np.ascontiguousarray(_UPRIGHT[turned](to_bgr(stored)))


def holds_photo(path: Path) -> bool:
    """Whether the file at `path`, by its first bytes, is one that `read_photo` may read."""
    try:
        str(path).encode()
    except UnicodeEncodeError:  # OpenCV crashes at a name that is no text.
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return is_heif(head) or cv2.haveImageReader(str(path))


def check_suffix(path: Path) -> None:
    """Refuse, before any work is done, a photo that could not be written. Raises UsageError."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name} must end in one of {', '.join(SUFFIXES)}.")


def write_photo(
    path: Path | str,
    image: np.ndarray,
    settings: dict[str, Any],
    *,
    overwrite: bool = False,
    sphere: bool = False,
) -> None:
    """Write uint8 BGR [height, width, 3] as PNG, JPEG, WebP or TIFF, by the suffix of `path`.

    `settings`, what made the picture, travels in the file as JSON. sphere: viewers are told that it
    is a panorama of the whole sphere.
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
    content = with_settings(encoded.tobytes(), settings)
    if sphere:
        content = with_xmp(content, sphere_xmp(image.shape[1], image.shape[0]))
    write_bytes(path, content, overwrite)


def to_bgr(image: np.ndarray) -> np.ndarray:
    """Any decoded picture as uint8 BGR [height, width, 3]: depth reduced, grey expanded, alpha laid
    on black. Integers span their type's range, floats 0..1."""
    if image.dtype == np.uint16:
        # 65535 / 255 = 257: rounding to nearest maps both ends exactly.
        image = cv2.convertScaleAbs(image, alpha=1 / 257).reshape(image.shape)
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
        colour = cv2.multiply(colour, image[:, :, -1:].repeat(3, axis=2), scale=1 / 255)
    return colour


def _look(path: Path, content: bytes) -> int:
    """The EXIF orientation, 1..8, of an encoded picture; 1, upright, where it tells none.

    Raises LivedreamError for a picture that is larger than LARGEST once it is decoded.
    """
    too_large = LivedreamError(
        f"{path} is too large a picture; at most {LARGEST / 1e6:.0f} megapixels are read."
    )
    exif = Image.Exif()
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow warns of what is judged here.
            with Image.open(BytesIO(content), formats=_LOOKED_AT) as picture:
                if picture.width * picture.height > LARGEST:
                    raise too_large
                exif.load(picture.info.get("exif", b""))
            turned = exif.get(ExifTags.Base.Orientation, 1)
    except Image.DecompressionBombError as error:
        raise too_large from error
    except (OSError, SyntaxError, ValueError, struct.error):
        return 1  # OpenCV may know the picture, or says why not.
    return turned if turned in _UPRIGHT else 1

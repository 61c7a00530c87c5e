"""Pictures of the running dream that carry the settings that made them."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from ..store.files import check_writable, give_back, take_free
from ..store.pictures import write_photo


def save_snapshot(
    image: np.ndarray, settings: dict[str, Any], folder: Path | str = ".", stem: str = "livedream"
) -> Path:
    """Write `image`, uint8 BGR [height, width, 3], as the next free STEM-0001.png in `folder`.

    `settings`, anything JSON takes, goes into the file; `store.settings.read_settings` gives it
    back. Never replaces a file. Raises LivedreamError when the folder is missing, read-only or
    full.
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

"""The presets as the page shows them: a card each, with a picture of how it looked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2

from ..desk import Desk
from ..presets import Preset
from .preview import Newest, jpeg

WIDTH = 240
"""Pixels of the picture on a card."""

SETTLED = 4.0
"""Seconds that a preset plays alone before the picture is its own, and no longer what was before.
"""

Thumbnail = Callable[[int], "Path | None"]
"""The file of how a preset looks, by its number; of the show's folder alone."""

Presets = Callable[[], Mapping[int, Preset]]
"""Those there are now, by number."""


class Cards:
    """How presets looked when they were played last, else as in their file. From any thread.

    layers: those that `newest` was dreamt with, as text.
    """

    def __init__(
        self,
        desk: Desk,
        presets: Presets,
        newest: Newest,
        layers: Callable[[], object],
        thumbnail: Thumbnail = lambda number: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk, self._presets, self._newest, self._clock = desk, presets, newest, clock
        self._layers, self._thumbnail = layers, thumbnail
        self._lock = threading.Lock()
        self._playing: tuple[Preset | None, float] = None, 0.0  # And since when.
        self._pictures: dict[int, tuple[Preset, bytes]] = {}

    def told(self) -> list[dict[str, Any]]:
        """number, name and the version of the picture, 0 for none. Looks at the show, so it is to
        be called now and then."""
        presets = self._presets()
        with self._lock:
            self._look(presets)
            return [
                {"number": number, "name": preset.name, "picture": self._version(number, preset)}
                for number, preset in sorted(presets.items())
            ]

    def picture(self, number: int) -> bytes | None:
        """The JPEG of the preset `number`; None where it was not played yet and has no file."""
        kept = self._pictures.get(number)
        if kept:
            return kept[1]
        path = self._thumbnail(number)
        image = path and cv2.imread(str(path))
        return None if image is None else jpeg(image, WIDTH)

    def _look(self, presets: Mapping[int, Preset]) -> None:
        base, now = self._desk.base, self._clock()
        number = int(base["preset"])
        preset = presets.get(number)
        if preset and any(base[name] != value for name, value in preset.values.items()):
            preset = None  # Somebody has moved something since.
        if preset and self._layers() != base["layers"]:
            preset = None  # What it dreams is still being opened.
        playing, since = self._playing
        if preset is not playing:
            self._playing = preset, now
        elif preset and now - since > max(SETTLED, 2 * preset.fade):
            image = None if self._kept(number, preset) else self._newest()
            if image is not None:
                self._pictures[number] = preset, jpeg(image, WIDTH)

    def _version(self, number: int, preset: Preset) -> int:
        kept = self._kept(number, preset)
        if kept:
            return hash(kept) & 0x7FFFFFFF | 1
        path = self._thumbnail(number)
        try:
            return path.stat().st_mtime_ns // 1000 if path else 0
        except OSError:
            return 0

    def _kept(self, number: int, preset: Preset) -> bytes | None:
        kept = self._pictures.get(number)
        return kept[1] if kept and kept[0] is preset else None

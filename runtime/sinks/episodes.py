"""Recordings that follow each other, so that no file grows for ever and no disk fills up."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import LivedreamError
from ..store.files import give_back, numbered, take_free
from .recording import Recorder


@dataclass(frozen=True)
class Episodes:
    """OUT.mp4, OUT-2.mp4 and so on, each with the first of these names that nobody has.

    path: OUT.mp4. record: begins a recording. seconds: of each, then the next one begins; None for
    one without an end. most: bytes of all that lie there together; None for any number.
    """

    path: Path
    record: Callable[[Path], Recorder]
    seconds: float | None = None
    most: float | None = None

    def begin(self) -> Recorder:
        """The next one. Raises LivedreamError where it cannot be written."""
        self.tidy()
        path = take_free(numbered(self.path))
        try:
            return self.record(path)
        except LivedreamError:
            give_back(path)
            raise

    def over(self, recorder: Recorder) -> bool:
        """Whether the next one is to follow it."""
        return self.seconds is not None and recorder.seconds >= self.seconds

    def tidy(self) -> None:
        """Delete the oldest ones where all together have more than `most`; never the newest."""
        if self.most is None:
            return
        found = sorted(self._written(), key=lambda each: each[0])
        total = sum(size for _, size, _ in found)
        for _, size, path in found[:-1]:
            if total <= self.most:
                return
            with suppress(OSError):
                path.unlink()
                total -= size

    def _written(self) -> list[tuple[float, int, Path]]:
        """When each was changed last, its bytes, and where it is, unfinished ones too."""
        stem, suffix = re.escape(self.path.stem), re.escape(self.path.suffix)
        name = re.compile(rf"{stem}(-\d+)?(-unfinished-[0-9a-f]+)?{suffix}")
        found = []
        with suppress(OSError):
            for path in self.path.parent.iterdir():
                if name.fullmatch(path.name) and path.is_file():
                    facts = path.stat()
                    found.append((facts.st_mtime, facts.st_size, path))
        return found

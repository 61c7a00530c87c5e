"""What was found out once and takes long to find out again, in a file of the cache."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass

from ..errors import LivedreamError
from .cache import alone, cache_folder
from .files import write_bytes


@dataclass(frozen=True)
class Memory:
    """Values of JSON by name, in the file `name` of the cache's `folder`. Of more than `limit` the
    ones told first are forgotten first.

    A memory that is damaged or cannot be written counts as empty: then it only takes longer.
    """

    folder: str
    name: str
    limit: int

    def recall(self, key: str) -> object:
        """What was told under `key`; None where nothing was."""
        return self._known().get(key)

    def tell(self, key: str, value: object) -> None:
        """From any thread or program."""
        with suppress(LivedreamError, OSError), alone(self.name.partition(".")[0]):
            known = self._known()
            known.pop(key, None)
            known[key] = value
            newest = dict(list(known.items())[-self.limit :])
            write_bytes(
                cache_folder(self.folder) / self.name, json.dumps(newest, indent=1).encode()
            )

    def _known(self) -> dict[str, object]:
        try:
            known = json.loads((cache_folder(self.folder) / self.name).read_bytes())
        except (OSError, ValueError, RecursionError, LivedreamError):
            return {}
        return known if isinstance(known, dict) else {}

"""Takes what people edit in the folder of a show into what plays."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .desk import Desk
from .folder import Folder
from .player import EDITED, Player

EVERY = 0.25
"""Seconds between two looks; also network disks bear that."""


class Watching:
    """Looks at `folder` until `close`. say: hears what cannot be read."""

    def __init__(
        self, folder: Folder, player: Player, desk: Desk, say: Callable[[str], None]
    ) -> None:
        self._folder, self._player, self._desk, self._say = folder, player, desk, say
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)

    def start(self) -> Watching:
        self._thread.start()
        return self

    def close(self) -> None:
        """Does not wait for a disk that does not answer."""
        self._closing.set()
        self._thread.join(2 * EVERY)

    def look(self) -> None:
        """Once."""
        folder = self._folder
        presets, values = folder.presets, folder.plan.values
        told = folder.look()
        if told is None:
            return
        for text in told:
            self._say(text)
        self._player.renewed(presets)
        now = folder.plan.values
        self._desk.fade(
            {name: value for name, value in now.items() if values.get(name) != value},
            "file",
            EDITED,
        )

    def _run(self) -> None:
        while not self._closing.wait(EVERY):
            self.look()

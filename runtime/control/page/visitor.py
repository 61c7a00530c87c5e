"""One who has the page open: hears what changes, says what to move."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UsageError
from ..desk import Desk
from .access import Level
from .gallery import Cards
from .messages import Look, Nudge, Say, described, playable, told, understood
from .preview import Preview
from .talking import Talking

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

TELL = 0.5
"""Seconds between two words of the show about itself, which also say that it is still there."""

TICK = 1 / 60
"""Seconds between two looks for a newer picture, and at least between two messages."""

PICTURE = 1 / 20
"""Seconds at least between two pictures."""

PAUSE = 0.002
"""Seconds after a message before the next is read: who sends more waits, and nobody else."""


class Visitor(Talking):
    """Speaks over `connection` until it ends.

    Nothing queues: of a value the newest is sent, and a picture only
    when it was asked for. idle: as of `Page`. source: how the desk names it.
    """

    thread = "page-writer"

    def __init__(
        self,
        desk: Desk,
        connection: ServerConnection,
        level: Level,
        preview: Preview,
        cards: Cards,
        status: Callable[[], Mapping[str, Any]],
        learns: bool,
        idle: Container[str],
        source: str,
    ) -> None:
        super().__init__(connection)
        self._desk, self._level = desk, level
        self._preview, self._cards = preview, cards
        self._status, self._learns, self._source = status, learns, source
        self._dealt: list[dict[str, Any]] = []
        self._playable = playable(desk.parameters, idle)
        self._wanted = 0  # Width of the picture that was asked for; 0 for none.
        self._seen: np.ndarray | None = None
        self._error = ""

    def changed(self, name: str) -> None:
        if name in self._playable and self._playable[name].kind != "trigger":
            super().changed(name)

    def _hear(self, message: str | bytes) -> None:
        try:
            wish = understood(message, self._playable)
            if isinstance(wish, Look):
                self._wanted = wish.width
            elif self._level != "control":
                raise UsageError("This page may look, not play.")
            elif isinstance(wish, Say):
                self._desk.fade(wish.values, self._source, wish.seconds)
            elif isinstance(wish, Nudge):
                self._desk.nudge(wish.name, wish.steps, self._source)
        except UsageError as error:
            self._error = str(error)
        self._news.set()
        time.sleep(PAUSE)

    def _tell(self) -> None:
        self._greet()
        told = shown = 0.0
        while not self._gone.is_set():
            self._news.wait(TICK if self._wanted else TELL)
            self._news.clear()
            now = time.monotonic()
            content = self._content()
            if now - told >= TELL:
                content |= self._regular()
                told = now
            if content:
                self._send(content)
            if self._wanted and now - shown >= PICTURE and self._picture():
                shown = now
            self._gone.wait(TICK)

    def _greet(self) -> None:
        """All that it needs to begin, also after it was away."""
        self._send(
            {
                "level": self._level,
                "learns": self._learns,
                "groups": described(self._playable.values()),
                "values": self._told(self._playable),
                **self._regular(),
            }
        )

    def _regular(self) -> dict[str, Any]:
        """The show about itself, and the presets where they have changed."""
        content: dict[str, Any] = {"status": dict(self._status())}
        cards = self._cards.told()
        if cards != self._dealt:
            self._dealt = content["presets"] = cards
        return content

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = {}
        names = list(self._changes)
        for name in names:
            del self._changes[name]
        if names:
            content["values"] = self._told(names)
        if self._error:
            content["error"], self._error = self._error, ""
        return content

    def _told(self, names: Any) -> dict[str, Any]:
        base = self._desk.base
        return told(self._playable, {name: base[name] for name in names if name in base})

    def _picture(self) -> bool:
        newer = self._preview.other_than(self._seen, self._wanted)
        if newer is None:
            return False
        self._seen, data = newer
        self._wanted = 0
        self._connection.send(data)
        return True

    def _send(self, content: Mapping[str, Any]) -> None:
        self._connection.send(json.dumps(content, allow_nan=False))

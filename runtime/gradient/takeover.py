"""A better provider takes over while another plays: built in the background, then handed over.

Logic tested with toy engines; how long real engines take to build needs a card to know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from .attempts import told
from .engine import Engine
from .providers import Provider


class Takeover:
    """Opens the providers that are better than the one that plays, best first; the first that is
    right waits in `take`. `message` is what is being built, empty when nothing is; `building` is
    for which provider.

    build: gives an engine with everything opened and checked, after minutes maybe; its second
    argument takes what it is at, its third is set when nobody wants it any more. notify: hears what
    came of each.
    """

    def __init__(
        self,
        better: Sequence[Provider],
        build: Callable[[Provider, Callable[[str], None], threading.Event], Engine[Any]],
        notify: Callable[[str], None],
    ) -> None:
        self.message = ""
        self.building: Provider | None = None
        self._better, self._build, self._notify = better, build, notify
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ready: Engine[Any] | None = None
        self.thread = threading.Thread(target=self._work, name="takeover", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self.thread.start()

    def take(self) -> Engine[Any] | None:
        """The better engine, once; None while there is none. Takes no time."""
        with self._lock:
            ready, self._ready = self._ready, None
        return ready

    def close(self) -> None:
        """Hand over nothing any more. A session under construction cannot be interrupted."""
        with self._lock:
            self._ready = None
            self._closed.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until nothing is being built."""
        self.thread.join(timeout)

    def _work(self) -> None:
        for provider in self._better:
            if self._closed.is_set():
                break
            self.building = provider
            try:
                engine = self._build(provider, self._say, self._closed)
            except Exception as error:  # noqa: BLE001 - told; what plays goes on, the next is tried
                if not self._closed.is_set():
                    self._notify(told(error, f"{provider.name} is not used"))
                continue
            with self._lock:
                if not self._closed.is_set():
                    self._ready = engine
                    self._notify(f"{provider.name} takes over.")
            break
        self.message, self.building = "", None

    def _say(self, text: str) -> None:
        self.message = text

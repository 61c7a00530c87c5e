"""Layers deeper than what plays cost nothing for long: sessions of the graph cut where the deepest
layer that is climbed ends, opened beside those of the whole, which stay for whatever comes next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

import numpy as np

from ..errors import SessionLost
from .agreement import check_gradient, check_picture
from .graph import Graph
from .providers import Provider
from .shared import Size

log = logging.getLogger(__name__)

REST = 3.0
"""Seconds for which nothing deeper is climbed before sessions are opened for that."""

Steering = Mapping[str, np.ndarray]


def deepest(graph: Graph, provider: Provider, steering: Steering) -> str | None:
    """The deepest layer that is climbed; None where the whole graph is needed for it, or cannot be
    cut there, or where `provider` builds engines: that would take the card from the picture for
    minutes, for every layer."""
    if provider.slow:
        return None
    climbed = [
        layer
        for layer in graph.layers
        if any(steering[f"{layer}.{kind}"].any() for kind in ("square", "linear"))
    ]
    layer = climbed[-1] if climbed else None
    if layer not in graph.cuts or layer == list(graph.layers)[-1]:
        return None
    others = [graph.cuts[each] for each in climbed[:-1] if each in graph.cuts]
    if any(each.keys() & graph.cuts[layer].keys() for each in others):
        return None  # Two places of one layer begin at the same value: the cut knows but one.
    return layer


class Computing(Protocol):
    """Sessions of a graph or of a cut of it, one per size (height, width). Each raises SessionLost
    where they are gone."""

    @property
    def sizes(self) -> set[Size]: ...

    def open(self, size: Size, steering: Steering) -> None: ...

    def run(self, image: np.ndarray, steering: Steering) -> np.ndarray:
        """float32 [3, height, width], of a size that is open -> its gradient, the same shape."""
        ...

    def keep(self, sizes: Iterable[Size]) -> None: ...

    def close(self) -> None: ...


SessionsT = TypeVar("SessionsT", bound=Computing)


class Shallow(Generic[SessionsT]):
    """The sessions of one cut of a graph, the last that was worth it, checked against `whole`.

    `sessions` and `close` may be called from any threads. new: gives sessions of the cut at a
    layer, of which nothing is open; its second argument is whether a picture plays meanwhile.
    precision: that they compute in. clock: seconds.
    """

    def __init__(
        self,
        provider: Provider,
        whole: SessionsT,
        new: Callable[[str, bool], SessionsT],
        precision: str = "fp32",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider, self._whole, self._new, self._clock = provider, whole, new, clock
        self._precision = precision
        self._lock = threading.Lock()
        self._wish: str | None = None
        self._sizes: set[Size] = set()
        """That were asked for since."""
        self._since = 0.0
        self._open: tuple[str, SessionsT] | None = None
        self._opening: SessionsT | None = None
        self._refused: set[str] = set()
        """Layers where it did not open, or computed something else."""
        self._closed = False

    def sessions(self, layer: str | None, size: Size, steering: Steering) -> SessionsT | None:
        """What computes the gradient of `steering`, whose deepest layer is `layer`; None for the
        whole. Opens it in the background where that was asked for long enough; takes no time."""
        with self._lock:
            if layer != self._wish:
                self._wish, self._sizes = layer, set()
            if size not in self._sizes:
                self._sizes.add(size)
                self._since = self._clock()
            if layer is None or layer in self._refused:
                return None
            if self._open and self._open[0] == layer and size in self._open[1].sizes:
                return self._open[1]
            rested = self._clock() - self._since >= REST
            if rested and self._opening is None and not self._closed:
                self._opening = self._new(layer, True)
                copied = {name: values.copy() for name, values in steering.items()}
                sizes = self._sizes & self._whole.sizes
                threading.Thread(
                    target=self._opened,
                    args=(layer, self._opening, sizes, copied),
                    name="shallow",
                    daemon=True,
                ).start()
            return None

    def open_now(self, layer: str | None, size: Size, steering: Steering) -> None:
        """Open one more size of the cut at `layer` here and now; nothing plays yet. Where it does
        not open, the whole computes all."""
        with self._lock:
            if layer is None or layer in self._refused or self._opening or self._closed:
                return
            known = self._open[1] if self._open and self._open[0] == layer else None
            self._opening = sessions = known or self._new(layer, False)
        self._opened(layer, sessions, {size}, steering)

    def lost(self, sessions: SessionsT) -> None:
        """They died: the whole goes on, and others are opened in time."""
        with self._lock:
            if self._open and self._open[1] is sessions:
                self._open, self._since = None, self._clock()
        sessions.close()

    @property
    def opened(self) -> list[SessionsT]:
        """Those that compute now."""
        opened = self._open
        return [opened[1]] if opened else []

    def keep(self, sizes: Iterable[Size]) -> None:
        """End the sessions of all other sizes."""
        opened = self._open
        if opened:
            with suppress(SessionLost):  # `lost` hears of it.
                opened[1].keep(sizes)

    def close(self) -> bool:
        """End all sessions for good; whether there were any."""
        with self._lock:
            self._closed = True
            opened, self._open = self._open, None
            ending = [each for each in (self._opening, opened and opened[1]) if each]
        for sessions in ending:
            sessions.close()
        return bool(ending)

    def _opened(
        self, layer: str, sessions: SessionsT, sizes: Iterable[Size], steering: Steering
    ) -> None:
        """Open them, and have them take the place of those that are open."""
        right = False
        try:
            for size in sizes:
                sessions.open(size, steering)
                picture = check_picture(*size)
                expected = self._whole.run(picture, steering)
                found = sessions.run(picture, steering)
                check_gradient(found, expected, self._provider.name, self._precision)
            right = True
        except SessionLost:
            pass  # A process that ends is no verdict.
        except Exception as error:  # noqa: BLE001 - the libraries of cards have their own
            self._refused.add(layer)
            log.warning("%s computes all of the graph: %s", self._provider.name, error)
        with self._lock:
            self._opening = None
            if right and not self._closed:
                ended, self._open = self._open, (layer, sessions)
                other = ended[1] if ended and ended[1] is not sessions else None
            else:
                other = sessions
                if self._open and self._open[1] is sessions:
                    self._open = None
            self._since = self._clock()
        if other:
            other.close()

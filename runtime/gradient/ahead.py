"""Graphs of the layers beside the one that plays, made before anybody asks for them."""

from __future__ import annotations

import threading

from ..errors import Cancelled, LivedreamError
from ..progress import silent
from .network import Network
from .objective import Objective, at_layer
from .providers import Provider


class Neighbours:
    """Of the layers of `network`; each is tried once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tried: set[str] = set()

    def next(self, objective: Objective) -> Objective | None:
        """That of the next layer beside the one of `objective` that may lack a graph."""
        if self._network.graph is not None:
            return None
        layers = list(self._network.layers)
        place = layers.index(objective.terms[0].layer)
        for step in (1, -1):
            layer = layers[(place + step) % len(layers)]
            beside = at_layer(objective, layer, self._network.layers)
            if _named(beside) not in self._tried:
                return beside
        return None

    def export(self, objective: Objective, provider: Provider, cancel: threading.Event) -> None:
        """Into the cache, for the day that somebody asks for it; who does hears what went wrong."""
        try:
            self._network.graph_for(objective, provider, silent, True, cancel)
        except Cancelled:
            return
        except LivedreamError:
            pass
        self._tried.add(_named(objective))


def _named(objective: Objective) -> str:
    return "+".join(objective.taps)

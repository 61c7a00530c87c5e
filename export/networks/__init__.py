"""The networks that can be dreamt, as torch modules with the state-dict names of their weights."""

from __future__ import annotations

from collections.abc import Callable

from ..catalogue import find_model
from .efficientnet_lite0 import efficientnet_lite0
from .googlenet import googlenet
from .inception_v3 import inception_v3
from .stages import Cut, Network, cut

NETWORKS: dict[str, Callable[[], Network]] = {
    "googlenet": googlenet,
    "inception_v3": inception_v3,
    "efficientnet_lite0": efficientnet_lite0,
}


def build(model: str) -> Network:
    """The network called `model` with torch's default parameters, in evaluation mode.

    Raises a usage `ExportError` if there is no such model.
    """
    return NETWORKS[find_model(model).name]().eval()


__all__ = ["NETWORKS", "Cut", "Network", "build", "cut"]

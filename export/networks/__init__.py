"""The networks that can be dreamt, as torch modules with the state-dict names of their weights."""

from __future__ import annotations

from collections.abc import Callable

import torch

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

    Leaves the global random state alone; raises a usage `ExportError` for an unknown model.
    """
    with torch.random.fork_rng(devices=[]):
        return NETWORKS[find_model(model).name]().eval()


__all__ = ["NETWORKS", "Cut", "Network", "build", "cut"]

"""A network as a line of named stages, and the cut of it that a dream needs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class Network(nn.Module):
    """Stages applied one after the other; children keep the names of the published weights.

    `stages` pairs the name of a tap with the path of the module that ends there; a stage that
    nobody taps (a pool) has the name None.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[tuple[str | None, str]] = []

    def stage(self, tap: str | None, path: str, module: nn.Module) -> None:
        """Append `module` as the child `path`, its output to be tapped as `tap`."""
        self.add_module(path, module)
        self.stages.append((tap, path))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output of the last stage for a normalised image [1, 3, height, width]."""
        for _, path in self.stages:
            x = self.get_submodule(path)(x)
        return x


class Cut(nn.Module):
    """The stages of a network up to its deepest tapped layer; returns the tapped activations."""

    def __init__(self, network: Network, layers: Sequence[str]) -> None:
        super().__init__()
        names = [tap for tap, _ in network.stages]
        last = max(names.index(layer) for layer in layers)
        self.layers = tuple(layers)
        self.taps = names[: last + 1]
        self.paths = [path for _, path in network.stages[: last + 1]]
        for path in self.paths:
            self.add_module(path, network.get_submodule(path))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Activations [1, C, h, w] in the order the layers were named."""
        tapped: dict[str, torch.Tensor] = {}
        for tap, path in zip(self.taps, self.paths, strict=True):
            x = self.get_submodule(path)(x)
            if tap in self.layers:
                tapped[str(tap)] = x
        return tuple(tapped[layer] for layer in self.layers)


def cut(network: Network, layers: Sequence[str]) -> Cut:
    """The part of `network` that `layers` need, in evaluation mode."""
    return Cut(network, layers).eval()


class Logits(nn.Linear):
    """Class scores of the mean over all positions: [1, C, h, w] to [1, classes, 1, 1]."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        pooled = torch.mean(input, dim=(2, 3), keepdim=True)
        return nn.functional.conv2d(pooled, self.weight[:, :, None, None], self.bias)

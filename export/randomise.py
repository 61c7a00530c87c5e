"""Random parameters with which activations neither die nor explode."""

from __future__ import annotations

import torch
from torch import nn

from .networks.stages import Network


def randomise(network: Network, seed: int) -> None:
    """Fill `network` from `seed`: He-normal weights, batch statistics of what they really do.

    Every batch normalisation takes the mean and variance it sees on smoothed noise images (as
    data-dependent initialisation does, Krahenbuhl et al. 2015, arXiv:1511.06856), so each layer's
    activations have unit variance at any depth. The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
                module.momentum = 1.0
                nn.init.normal_(module.bias, std=0.1)
        noise = nn.functional.interpolate(
            torch.randn(2, 3, 40, 40), size=(160, 160), mode="bilinear"
        ) + 0.3 * torch.randn(2, 3, 160, 160)
        network.train()
        network((0.5 * noise).clamp(-1, 1))
        network.eval()

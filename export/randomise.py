"""Random parameters with which activations neither die nor explode."""

from __future__ import annotations

import torch
from torch import nn

from .networks.stages import Network
from .threads import one_thread


def randomise(network: Network, seed: int) -> None:
    """Fill `network` from `seed`: He-normal weights, batch statistics of what they really do.

    Every batch normalisation takes the mean and variance it sees on noise images (as
    data-dependent initialisation does, Krahenbuhl et al. 2015, arXiv:1511.06856), so each layer's
    activations have unit variance at any depth. The global random state is left as it was. The
    same on any number of threads: two processes that compare must have the same network.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad(), one_thread():
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
        images = torch.cat([_noise(cell) for cell in (1, 4, 16, 64)])
        network.train()
        network(images)
        network.eval()


def _noise(cell: int) -> torch.Tensor:
    """A noise image [1, 3, 224, 224] in -1..1 with patches of `cell` pixels."""
    side = 224 // cell + 1
    patches = torch.rand(1, 3, side, side).repeat_interleave(cell, 2).repeat_interleave(cell, 3)
    fine = torch.rand(1, 3, 224, 224)
    return 1.4 * patches[..., :224, :224] + 0.6 * fine - 1

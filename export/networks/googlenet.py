"""GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842) as torchvision builds it.

Batch normalisation instead of local response normalisation, and 3x3 convolutions in the branch
the paper gives 5x5, as the published weights want it. The auxiliary classifiers are left out.
"""

from __future__ import annotations

import torch
from torch import nn

from .stages import Logits, Network


class BasicConv2d(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four branches over the same input, concatenated."""

    def __init__(
        self, inputs: int, one: int, three: tuple[int, int], five: tuple[int, int], pool: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(inputs, one, 1)
        self.branch2 = nn.Sequential(
            BasicConv2d(inputs, three[0], 1), BasicConv2d(three[0], three[1], 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(inputs, five[0], 1), BasicConv2d(five[0], five[1], 3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), BasicConv2d(inputs, pool, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


def googlenet() -> Network:
    """GoogLeNet with torchvision's layer and state-dict names."""
    net = Network()

    def block(name: str, *channels: int) -> None:
        inputs, one, three_in, three, five_in, five, pool = channels
        inception = Inception(inputs, one, (three_in, three), (five_in, five), pool)
        net.stage(name, name, inception)

    net.stage("conv1", "conv1", BasicConv2d(3, 64, 7, stride=2, padding=3))
    net.stage(None, "maxpool1", nn.MaxPool2d(3, stride=2, ceil_mode=True))
    net.stage("conv2", "conv2", BasicConv2d(64, 64, 1))
    net.stage("conv3", "conv3", BasicConv2d(64, 192, 3, padding=1))
    net.stage(None, "maxpool2", nn.MaxPool2d(3, stride=2, ceil_mode=True))
    block("inception3a", 192, 64, 96, 128, 16, 32, 32)
    block("inception3b", 256, 128, 128, 192, 32, 96, 64)
    net.stage(None, "maxpool3", nn.MaxPool2d(3, stride=2, ceil_mode=True))
    block("inception4a", 480, 192, 96, 208, 16, 48, 64)
    block("inception4b", 512, 160, 112, 224, 24, 64, 64)
    block("inception4c", 512, 128, 128, 256, 24, 64, 64)
    block("inception4d", 512, 112, 144, 288, 32, 64, 64)
    block("inception4e", 528, 256, 160, 320, 32, 128, 128)
    net.stage(None, "maxpool4", nn.MaxPool2d(2, stride=2, ceil_mode=True))
    block("inception5a", 832, 256, 160, 320, 32, 128, 128)
    block("inception5b", 832, 384, 192, 384, 48, 128, 128)
    net.stage("logits", "fc", Logits(1024, 1000))
    return net

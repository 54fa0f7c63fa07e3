"""Published networks to stand beside ours: their shapes, trained by our loop.

Each takes and gives what `REDNet` does, and has a `REDNetConfig` that says which inputs it wants; depth and width are
the published ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rednet.network.model import REDNet, REDNetConfig, pad_to_grid


def chain(inputs: int, outputs: int, width: int, depth: int) -> nn.Sequential:
    """Build 3x3 convolutions with batch norm before all ReLUs but the first, as in DnCNN and FFDNet."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
    for _ in range(depth - 2):
        layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    layers.append(nn.Conv2d(width, outputs, 3, padding=1))
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(*layers)


class DnCNN(nn.Module):
    """DnCNN-B: 20 layers at full resolution that give the noise; blind.

    Source: Zhang et al., "Beyond a Gaussian denoiser", 2017, arXiv:1608.03981, section III.
    """

    DEPTH, WIDTH = 20, 64

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = chain(config.channels, config.channels, self.WIDTH, self.DEPTH)

    def forward(self, y: Tensor, mask: Tensor | None = None, hints: Tensor | None = None) -> Tensor:
        residual: Tensor = self.layers(y)
        return y - residual


class FFDNet(nn.Module):
    """FFDNet: 15 layers at half the resolution that give the picture; told the level of the noise.

    Source: Zhang et al., "FFDNet", 2018, arXiv:1710.04026, section III.
    """

    DEPTH, WIDTH = 15, 64

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        self.config = config
        planes = config.channels * config.stride**2
        self.layers = chain(planes + 1, planes, self.WIDTH, self.DEPTH)

    def forward(self, y: Tensor, mask: Tensor | None = None, hints: Tensor | None = None) -> Tensor:
        if hints is None:
            raise ValueError("FFDNet has to be told the level of the noise")
        height, width = y.shape[2:]
        h = F.pixel_unshuffle(pad_to_grid(y, self.config.stride), self.config.stride)
        level = hints[:, 1, None, None, None].expand(-1, 1, *h.shape[2:])
        x_hat = F.pixel_shuffle(self.layers(torch.cat([h, level], dim=1)), self.config.stride)
        return x_hat[:, :, :height, :width]


class Direct(REDNet):
    """A RED-Net that gives the picture itself instead of the residual."""

    def forward(self, y: Tensor, mask: Tensor | None = None, hints: Tensor | None = None) -> Tensor:
        return super().forward(y, mask, hints) - y


RIVALS = {"dncnn": DnCNN, "ffdnet": FFDNet}

"""RED-Net: a convolutional encoder-decoder with symmetric skips that learns the residual x - y.

    y ---> conv_1 ... conv_n ---> deconv_1 ... deconv_n ---> residual
    |         |_____ skips, every second layer _____|           |
    |___________________________________________________________+---> x_hat

`depth` counts both halves: RED30 is 15 convolutions and 15 deconvolutions, all 3x3, without pooling or batch norm.
With `levels`, 2x2 convolutions of stride 2 sample down, and 2x2 deconvolutions of stride 2 sample up.
This file imports torch and the network's shape (`rednet.network.architecture`), nothing else of rednet.

Source: Mao, Shen, Yang, "Image Restoration Using Convolutional Auto-encoders with Symmetric Skip Connections",
2016, arXiv:1606.08921, section 3 (and its NIPS 2016 version, arXiv:1603.09056).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rednet.network.architecture import PLANES_PER_HINT, LayerShape, REDNetConfig, reflection

__all__ = ["REDNet", "REDNetConfig", "fold_deconvolution", "pad_to_grid"]

# Small weights in the decoder make the residual small, so training begins near the identity, x_hat = y.
DECODER_GAIN = 0.3
LAST_GAIN = 0.1
TAPS = {"conv": 9, "deconv": 9, "down": 4, "up": 1}  # weights of one input channel that add to one output sample


def fold_deconvolution(weight: Tensor) -> Tensor:
    """Convert the weight of a stride-1 deconvolution to that of the equal convolution.

    Args:
        weight: (in, out, 3, 3), the order of `ConvTranspose2d`.

    Returns:
        (out, in, 3, 3): channels swapped, kernel rotated by 180 degrees.
    """
    return weight.transpose(0, 1).flip(2, 3)


class Deconv2d(nn.ConvTranspose2d):
    """A 3x3 stride-1 deconvolution, computed as the equal convolution, which is faster on a CPU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return F.conv2d(x, fold_deconvolution(self.weight), self.bias, padding=1)


class REDNet(nn.Module):
    """The network.

    Args:
        config: the network's shape.

    Example:
        >>> REDNet(REDNetConfig(depth=10, stride=2))(torch.zeros(1, 1, 7, 5)).shape
        torch.Size([1, 1, 7, 5])
    """

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        self.config = config
        half = len(config.layers) // 2
        self.encoder = nn.ModuleList(layer_of(shape) for shape in config.layers[:half])
        self.decoder = nn.ModuleList(layer_of(shape) for shape in config.layers[half:])
        self.initialise()

    @torch.no_grad()
    def initialise(self, generator: torch.Generator | None = None, *, damped: bool = True) -> None:
        """Draw random weights: He's initialisation, with smaller weights in the decoder so that x_hat starts near y.

        Args:
            generator: of the random numbers; torch's own by default.
            damped: False for He's initialisation alone. Without skips only the last layer is damped: the signal passes
                through all hidden layers of the decoder, and smaller weights would make it vanish.
        """
        half = len(self.decoder)
        gains = [1.0] * (2 * half)
        if damped:
            gains = [1.0] * half + [DECODER_GAIN if self.config.skips else 1.0] * (half - 1) + [LAST_GAIN]
        for layer, shape, gain in zip([*self.encoder, *self.decoder], self.config.layers, gains, strict=True):
            std = gain * math.sqrt(2 / (TAPS[shape.kind] * shape.inputs))
            layer.weight.normal_(0.0, std, generator=generator)
            layer.bias.zero_()

    def forward(self, y: Tensor, mask: Tensor | None = None, hints: Tensor | None = None) -> Tensor:
        """Restore a batch of pictures of any size.

        Args:
            y: (B, channels, H, W), range [0, 1]; H and W at least 1.
            mask: (B, 1, H, W), 1 where pixels are missing; None for no missing pixel. Read only if `config.mask`.
            hints: (B, 2 * len(config.hints)), see `rednet.network.hints`; None for no facts.

        Returns:
            x_hat, shape of y, not clipped.
        """
        config, (batch, _, height, width) = self.config, y.shape
        planes = y
        if config.mask:
            planes = torch.cat([y, y.new_zeros(batch, 1, height, width) if mask is None else mask], dim=1)
        h = F.pixel_unshuffle(pad_to_grid(planes, config.grid), config.stride)  # (B, C s s, H / s, W / s)
        if config.hints:
            told = y.new_zeros(batch, PLANES_PER_HINT * len(config.hints)) if hints is None else hints
            h = torch.cat([h, told[:, :, None, None].expand(-1, -1, *h.shape[2:])], dim=1)
        residual = F.pixel_shuffle(self.residual(h), config.stride)  # (B, C, H padded, W padded)
        return y + residual[:, :, :height, :width]

    def residual(self, h: Tensor) -> Tensor:
        """Run all layers: (B, input planes, H / s, W / s) -> (B, C s s, H / s, W / s)."""
        shapes = self.config.layers
        carried = {shape.skip for shape in shapes}
        kept: dict[int, Tensor] = {}
        for number, (layer, shape) in enumerate(zip([*self.encoder, *self.decoder], shapes, strict=True)):
            h = layer(h)
            if shape.skip is not None:
                h = h + kept.pop(shape.skip)
            if number < len(shapes) - 1:
                h = F.relu(h)
            if number in carried:
                kept[number] = h
        return h


def layer_of(shape: LayerShape) -> nn.Module:
    """Build one layer."""
    if shape.kind == "conv":
        return nn.Conv2d(shape.inputs, shape.outputs, 3, padding=1)
    if shape.kind == "deconv":
        return Deconv2d(shape.inputs, shape.outputs)
    if shape.kind == "down":
        return nn.Conv2d(shape.inputs, shape.outputs, 2, stride=2)
    return nn.ConvTranspose2d(shape.inputs, shape.outputs, 2, stride=2)


def pad_to_grid(x: Tensor, grid: int) -> Tensor:
    """Pad pictures, (B, C, H, W), by reflection at the bottom and right until `grid` divides H and W.

    Unlike `torch.nn.functional.pad`, this works for any size, 1x1 included.
    """
    for dim in (2, 3):
        size = x.shape[dim]
        if size % grid:
            x = x.index_select(dim, torch.tensor(reflection(size, grid), device=x.device))
    return x

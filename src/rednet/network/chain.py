"""A trained network as a chain of convolutions, in numpy, without torch.

Each deconvolution of stride 1 becomes the convolution that computes the same. The strided ends become space-to-depth
before the first layer and depth-to-space after the last. Between levels, 2x2 convolutions of stride 2 sample down, and
2x2 deconvolutions of stride 2 sample up. Every engine builds its own graph from this chain, so `model.safetensors` is
the only file with the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rednet.network.architecture import REDNetConfig

__all__ = ["Chain", "Layer", "chain_of"]


@dataclass(frozen=True)
class Layer:
    """One layer of the chain.

    Args:
        weight: (out, in, 3, 3) float32, or (out, in, 2, 2) between levels.
        bias: (out,) float32.
        kind: "conv", padded by one sample; "down", a convolution of stride 2; or "up", a deconvolution of stride 2.
        sampling: side of one sample of the output, px.
        skip: number, from 0, of the earlier layer whose activation is added before the ReLU; None for no skip.
        relu: whether a ReLU follows.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    kind: Literal["conv", "down", "up"]
    sampling: int
    skip: int | None
    relu: bool


@dataclass(frozen=True)
class Chain:
    """The layers from the space-to-depth picture (and hint planes) to the depth-to-space residual."""

    config: REDNetConfig
    layers: tuple[Layer, ...]

    @property
    def kept(self) -> frozenset[int]:
        """Numbers of the layers whose activations a skip reads later."""
        return frozenset(layer.skip for layer in self.layers if layer.skip is not None)


def chain_of(config: REDNetConfig, tensors: dict[str, NDArray[np.float32]]) -> Chain:
    """Build the chain of a trained network.

    Args:
        config: the network's shape.
        tensors: the weights, named and shaped as in `config.tensors`. We empty this dict, so that memory never holds
            all weights twice.
    """
    layers = []
    for number, shape in enumerate(config.layers):
        weight, bias = tensors.pop(f"{shape.name}.weight"), tensors.pop(f"{shape.name}.bias")
        if shape.kind == "deconv":
            weight = fold_deconvolution(weight)
        elif shape.kind == "up":
            weight = np.ascontiguousarray(weight.transpose(1, 0, 2, 3))
        kind = "conv" if shape.kind == "deconv" else shape.kind
        layers.append(Layer(weight, bias, kind, shape.sampling, shape.skip, relu=number < len(config.layers) - 1))
    return Chain(config, tuple(layers))


def fold_deconvolution(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert the weight of a deconvolution, (in, out, 3, 3), to that of the equal convolution, (out, in, 3, 3)."""
    return np.ascontiguousarray(weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])

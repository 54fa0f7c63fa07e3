"""A trained network as what it is when it runs: a plain chain of convolutions, in numpy, without torch.

Deconvolutions of stride 1 are folded into the convolutions that compute the same; the strided ends are
space-to-depth before the first and depth-to-space after the last. Between levels, 2x2 convolutions of stride 2 lead
down, and 2x2 deconvolutions of stride 2 back up. Every engine builds its own graph from this chain,
so `model.safetensors` is the only copy of the weights that is kept.
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
        sampling: of its output, px.
        skip: number, from 0, of the earlier layer whose activation is added before the ReLU; None for none.
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
        """Numbers of the layers whose activations are read again later."""
        return frozenset(layer.skip for layer in self.layers if layer.skip is not None)


def chain_of(config: REDNetConfig, tensors: dict[str, NDArray[np.float32]]) -> Chain:
    """Build the chain of a trained network.

    Args:
        config: its shape.
        tensors: its weights, named and shaped as in `config.tensors`; emptied, so that no weight is kept twice.
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
    """Turns a deconvolution's weight (in, out, 3, 3) into that of the equal convolution (out, in, 3, 3)."""
    return np.ascontiguousarray(weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])

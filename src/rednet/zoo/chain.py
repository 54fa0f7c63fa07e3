"""A trained network as what it is when it runs: a plain chain of 3x3 convolutions, in numpy, without torch.

Deconvolutions of stride 1 are folded into the convolutions that compute the same; the strided ends are
space-to-depth before the first and depth-to-space after the last. Every engine builds its own graph from this chain,
so `model.safetensors` is the only copy of the weights that is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.architecture import REDNetConfig
from rednet.errors import ModelError

__all__ = ["CONFIG", "WEIGHTS", "Chain", "Layer", "load_chain", "load_config"]

CONFIG = "config.json"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Layer:
    """One convolution of the chain.

    Args:
        weight: (out, in, 3, 3) float32.
        bias: (out,) float32.
        skip: number, from 0, of the earlier layer whose activation is added before the ReLU; None for none.
        relu: whether a ReLU follows.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
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


def load_config(folder: Path) -> REDNetConfig:
    """Reads the shape of the network in a model folder.

    Raises:
        ModelError: the file is missing or broken.
    """
    try:
        return REDNetConfig(**json.loads((folder / CONFIG).read_text("utf-8")))
    except OSError as error:
        raise ModelError(f"{folder} is not a model folder: no readable {CONFIG} ({error.strerror})") from error
    except (ValueError, TypeError) as error:
        raise ModelError(f"{folder / CONFIG} is broken: {error}") from error


def load_chain(folder: Path) -> Chain:
    """Reads a model folder.

    Raises:
        ModelError: a file is missing or broken, or the weights do not fit the shape.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    config = load_config(folder)
    half = config.depth // 2
    skip_of = {half + j - 1: i - 1 for i, j in config.skip_pairs}
    try:
        tensors = load_file(folder / WEIGHTS)
        layers = []
        for number in range(config.depth):
            name = f"encoder.{number}" if number < half else f"decoder.{number - half}"
            weight = np.asarray(tensors[f"{name}.weight"], np.float32)
            if number >= half:
                weight = fold_deconvolution(weight)
            expected = (
                config.channels * config.stride**2 if number == config.depth - 1 else config.width,
                config.input_planes if number == 0 else config.width,
            )
            if weight.shape != (*expected, 3, 3):
                raise ModelError(f"{folder / WEIGHTS}: {name} has shape {weight.shape}, {CONFIG} asks for {expected}")
            bias = np.asarray(tensors[f"{name}.bias"], np.float32)
            layers.append(Layer(weight, bias, skip_of.get(number), relu=number < config.depth - 1))
    except KeyError as error:
        raise ModelError(f"{folder / WEIGHTS} has no tensor {error}; it is not the network of {CONFIG}") from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot read {folder / WEIGHTS}: {error}") from error
    return Chain(config, tuple(layers))


def fold_deconvolution(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turns a deconvolution's weight (in, out, 3, 3) into that of the equal convolution (out, in, 3, 3)."""
    return np.ascontiguousarray(weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])

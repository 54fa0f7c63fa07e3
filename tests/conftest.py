"""What the tests share: a small photograph, and small networks with random weights in model folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from rednet.network.architecture import REDNetConfig

settings.register_profile("patient", deadline=None)  # the machine may be busy
settings.load_profile("patient")

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def photo():
    """A 96x80 piece of a photograph, float32 RGB."""
    from rednet.images import read_picture

    return read_picture(PHOTOS / "chelsea.png").pixels[60:156, 120:200]


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Return a function that writes a network with random weights into a model folder.

    `positive` weights: no ReLU is ever off, so every pixel in reach has an influence and a seam would show. Otherwise
    about half of the ReLUs are off, so that a missing one would show.
    """
    import torch

    from rednet.network.model import TAPS, REDNet
    from rednet.zoo.model_folder import save_network

    def make(*, positive=False, **fields) -> Path:
        torch.manual_seed(0)
        model = REDNet(REDNetConfig(**fields))
        with torch.no_grad():
            for layer, shape in zip([*model.encoder, *model.decoder], model.config.layers, strict=True):
                fan_in = TAPS[shape.kind] * shape.inputs
                if positive:
                    layer.weight.abs_()
                    layer.bias.uniform_(0.01, 0.1)
                    layer.weight.mul_((4 if shape.kind == "up" else 1) / layer.weight.sum(dim=(1, 2, 3)).mean())
                else:
                    layer.bias.uniform_(-0.1, 0.1)
                    layer.weight.mul_((2 / fan_in) ** 0.5 / layer.weight.std())
            if not positive:
                model.decoder[-1].weight.mul_(0.1)  # a residual, not a picture
        folder = tmp_path_factory.mktemp("model")
        save_network(model, folder)
        return folder

    return make

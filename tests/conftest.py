"""What the tests share: a small photograph, and small networks with random weights in model folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rednet.architecture import REDNetConfig

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
    """Gives a function that writes a network with random weights, none of them dead, into a model folder."""
    import torch

    from rednet.model import REDNet
    from rednet.zoo.folder import save_network

    def make(**fields) -> Path:
        torch.manual_seed(0)
        model = REDNet(REDNetConfig(**fields))
        with torch.no_grad():
            for layer in [*model.encoder, *model.decoder]:
                layer.weight.abs_().mul_(1 / layer.weight.abs().sum(dim=(1, 2, 3)).mean())
                layer.bias.uniform_(0.01, 0.1)
        folder = tmp_path_factory.mktemp("model")
        save_network(model, folder)
        return folder

    return make

"""spandrel's registry loads our weights, and computes what our torch network computes.

Where spandrel is not installed (it needs torchvision), a host stands in that makes the same calls.
"""

import importlib
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rednet.network.architecture import REDNetConfig
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model, shipped_models
from rednet.zoo.spandrel import register, shape_of

PLUGIN = Path(__file__).parents[2] / "examples" / "plugins" / "comfyui_rednet.py"


class Architecture:
    """As spandrel's."""

    def __init__(self, *, id, detect, name=None):
        self.id, self.name, self._detect = id, name, detect

    def detect(self, weights):
        return self._detect(weights)


class ImageModelDescriptor:
    """As spandrel's: it loads the weights into the model itself, and clips the result."""

    def __init__(
        self, model, state_dict, architecture, purpose, tags, supports_half, supports_bfloat16, scale, input_channels,
        output_channels,
    ):  # fmt: skip
        assert purpose in ("SR", "FaceSR", "Restoration")
        model.load_state_dict(state_dict)
        self.model, self.architecture, self.scale = model.eval(), architecture, scale
        self.input_channels, self.output_channels = input_channels, output_channels

    @torch.inference_mode()
    def __call__(self, image):
        return self.model(image).clamp_(0, 1)


class Registry(list):
    """As spandrel's: the first architecture that knows the weights loads them."""

    def add(self, support, *, ignore_duplicates=False):
        if support.id in [known.id for known in self]:
            assert ignore_duplicates
        else:
            self.append(support)

    def load(self, weights):
        return next(known for known in self if known.detect(weights)).load(weights)


def stand_in():
    registry = Registry()
    return SimpleNamespace(
        Architecture=Architecture,
        ArchSupport=SimpleNamespace(from_architecture=lambda architecture: architecture),
        ImageModelDescriptor=ImageModelDescriptor,
        MAIN_REGISTRY=registry,
        ModelLoader=lambda: SimpleNamespace(load_from_file=lambda path: registry.load(load_file(path))),
    )


@pytest.fixture(params=["stand-in", "spandrel"])
def host(request, monkeypatch):
    """spandrel, which has loaded the plug-in for ComfyUI."""
    if request.param == "stand-in":
        monkeypatch.setitem(sys.modules, "spandrel", stand_in())
    else:
        pytest.importorskip("spandrel")
    assert runpy.run_path(str(PLUGIN))["NODE_CLASS_MAPPINGS"] == {}
    return importlib.import_module("spandrel")


@pytest.mark.parametrize("name", shipped_models())
def test_the_registry_loads_a_shipped_network(name, host, photo, rng):
    folder = find_model(name)
    loaded = host.ModelLoader().load_from_file(folder / "model.safetensors")
    assert (loaded.architecture.id, loaded.scale, loaded.input_channels, loaded.output_channels) == ("REDNet", 1, 3, 3)
    noisy = photo[:37, :53] + rng.normal(0, 0.1, (37, 53, 3)).astype(np.float32)
    y = torch.from_numpy(np.ascontiguousarray(noisy.transpose(2, 0, 1)))[None]
    with torch.no_grad():
        expected = load_network(folder)(y).clamp(0, 1)
    torch.testing.assert_close(loaded(y), expected, rtol=0, atol=0)
    assert (expected - y).abs().max() > 0.1


def test_registering_twice_changes_nothing(host):
    before = len(list(host.MAIN_REGISTRY))
    register(host)
    assert len(list(host.MAIN_REGISTRY)) == before


@pytest.mark.parametrize(
    "config",
    [
        REDNetConfig(),
        REDNetConfig(depth=8, width=6, channels=3, stride=3, mask=True, hints=("sigma",)),
        REDNetConfig(depth=4, width=5, stride=4, mask=True, hints=("sigma", "quality", "scale")),
        REDNetConfig(levels=((8, 3), (12, 2), (16, 2)), channels=3, stride=2, mask=True, hints=("sigma",)),
    ],
    ids=str,
)
def test_the_shape_is_read_from_the_weights(config):
    weights = {name: np.empty(shape) for name, shape in config.tensors.items()}
    found = shape_of(weights)
    assert found.layers == config.layers  # where mask and hints differ, their planes are as many
    assert found.grid == config.grid
    name = "encoder.1.weight"
    for other in (
        {},
        {"body.0.weight": weights[name]},
        {**weights, "extra": weights[name]},
        {**weights, name: weights[name][1:]},
        {**weights, name: np.empty(3)},
        {key: value for key, value in weights.items() if key != name},
        {**weights, name: "no tensor"},
    ):
        assert shape_of(other) is None

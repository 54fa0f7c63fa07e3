import json

import numpy as np
import pytest

from rednet.errors import ModelError
from rednet.zoo.checking import CONFIG, WEIGHTS
from rednet.zoo.model_folder import load_chain, load_network


def test_the_chain_is_the_network_in_plain_numpy(make_model, rng):
    """Run the folded layers by scipy and compare with torch: an independent computation of the whole network."""
    import torch
    from scipy.signal import correlate

    folder = make_model(depth=8, width=3)
    chain, net = load_chain(folder), load_network(folder)
    y = rng.random((9, 7))
    h, kept = y[None], {}
    for number, layer in enumerate(chain.layers):
        h = np.stack(
            [
                sum(correlate(np.pad(plane, 1), kernel, "valid") for plane, kernel in zip(h, kernels, strict=True))
                + bias
                for kernels, bias in zip(layer.weight, layer.bias, strict=True)
            ]
        )
        h = h if layer.skip is None else h + kept[layer.skip]
        h = kept[number] = np.maximum(h, 0) if layer.relu else h
    with torch.no_grad():
        expected = net(torch.from_numpy(y[None, None]).float())[0, 0].numpy()
    np.testing.assert_allclose(y + h[0], expected, atol=1e-5)
    assert np.abs(expected - y).max() > 1e-2


def test_a_network_survives_the_folder(make_model):
    from rednet.zoo.model_folder import save_network

    folder = make_model(depth=6, width=2, stride=2, hints=("sigma",))
    before = (folder / WEIGHTS).read_bytes()
    save_network(load_network(folder), folder)
    assert (folder / WEIGHTS).read_bytes() == before
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("load", [load_chain, load_network])
@pytest.mark.parametrize("harm", ["no config", "no weights", "bad json", "truncated", "other shape", "unknown field"])
def test_a_broken_model_folder_is_one_clear_error(make_model, load, harm):
    folder = make_model(depth=4, width=2)
    config, weights = folder / CONFIG, folder / WEIGHTS
    if harm == "no config":
        config.unlink()
    elif harm == "no weights":
        weights.unlink()
    elif harm == "bad json":
        config.write_text("{")
    elif harm == "truncated":
        weights.write_bytes(weights.read_bytes()[:-8])
    elif harm == "other shape":
        config.write_text(json.dumps({"depth": 4, "width": 3}))
    else:
        config.write_text(json.dumps({"depth": 4, "colour": 3}))
    with pytest.raises(ModelError):
        load(folder)

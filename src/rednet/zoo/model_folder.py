"""Reads a model folder as a chain of numpy arrays or as a torch network, and writes it after training.

`config.json` holds the network's shape, `model.safetensors` the weights, `README.md` the model card.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rednet.network.chain import Chain, chain_of
from rednet.whole_files import whole_file
from rednet.zoo.checking import CONFIG, WEIGHTS, load_config, load_tensors

if TYPE_CHECKING:
    from rednet.network.model import REDNet

__all__ = ["load_chain", "load_network", "save_network"]


def save_network(model: REDNet, folder: Path) -> None:
    """Write a network's shape and weights into a folder; create the folder if it does not exist."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    shape = json.dumps(asdict(model.config), indent=2) + "\n"
    for name, content in ((CONFIG, shape.encode()), (WEIGHTS, save(weights))):
        with whole_file(folder / name) as file:
            file.write(content)


def load_chain(folder: Path) -> Chain:
    """Read the network in a model folder as a chain, for an engine.

    Raises:
        ModelError: see `rednet.zoo.checking`.
    """
    config = load_config(folder)
    return chain_of(config, load_tensors(folder, config))


def load_network(folder: Path) -> REDNet:
    """Read the network in a model folder as a torch module, in evaluation mode.

    Raises:
        ModelError: see `rednet.zoo.checking`.
    """
    import torch

    from rednet.network.model import REDNet

    config = load_config(folder)
    tensors = load_tensors(folder, config)
    model = REDNet(config)
    model.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    return model.eval()

"""A model folder: read as a chain of numpy arrays or as torch's network, and written by training.

`config.json` holds the shape, `model.safetensors` the weights, `README.md` the model card.
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
    """Writes a network's shape and weights into a folder, which is made if need be."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    shape = json.dumps(asdict(model.config), indent=2) + "\n"
    for name, content in ((CONFIG, shape.encode()), (WEIGHTS, save(weights))):
        with whole_file(folder / name) as file:
            file.write(content)


def load_chain(folder: Path) -> Chain:
    """Read a model folder as what engines run.

    Raises:
        ModelError: see `rednet.zoo.checking`.
    """
    config = load_config(folder)
    return chain_of(config, load_tensors(folder, config))


def load_network(folder: Path) -> REDNet:
    """Reads a network from a model folder, ready for evaluation.

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

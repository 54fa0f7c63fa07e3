"""The torch network with the habits of Hugging Face's hub: from_pretrained, save_pretrained, push_to_hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from rednet.errors import ModelError
from rednet.network import model
from rednet.packages import install_command
from rednet.zoo.hub import HUB, download_model
from rednet.zoo.model_folder import load_network, save_network
from rednet.zoo.shipped import find_model, shipped_models

__all__ = ["REDNet"]

try:
    from huggingface_hub import PyTorchModelHubMixin
except ImportError as error:
    raise ModelError(f"the hub's habits need the package huggingface-hub: {install_command('hub')}") from error

MODEL_CARD = """---
{{ card_data }}
---

# {{ model_id | default("RED-Net", true) }}

A RED-Net (Mao, Shen and Yang, 2016, arXiv:1606.08921): a deep convolutional encoder-decoder with symmetric skip
connections that restores degraded pictures.

```python
import rednet

restorer = rednet.Restorer.from_pretrained("hf:{{ model_id | default("OWNER/NAME", true) }}")
better = restorer.restore(picture, facts={"sigma": None})  # noise of unknown strength
```

Tell here what it was trained for, on which pictures, under which terms, and how good it is.
"""


class REDNet(
    model.REDNet,
    PyTorchModelHubMixin,
    library_name="rednet",
    pipeline_tag="image-to-image",
    tags=["image-restoration", "denoising", "super-resolution"],
    paper_url="https://arxiv.org/abs/1606.08921",
    model_card_template=MODEL_CARD,
):
    """RED-Net as a torch module that model folders and the hub can keep.

    `save_pretrained(folder)` writes a model folder with a card to fill in. `push_to_hub("OWNER/NAME")` uploads one.
    `from_pretrained(name)` loads a shipped model, a model folder, or "OWNER/NAME" from the hub, and checks it.

    Example:
        >>> REDNet.from_pretrained("universal").config.depth
        20
    """

    @classmethod
    def from_pretrained(cls, name_or_dir: str | Path, *, revision: str | None = None) -> Self:  # type: ignore[override]
        """Load a trained network, in evaluation mode.

        Args:
            name_or_dir: name of a shipped model, path of a model folder, or "OWNER/NAME" of a model on the hub.
            revision: branch, tag or commit of a model on the hub.

        Raises:
            ModelError: there is no such model, or it is broken.
        """
        name = str(name_or_dir).removeprefix(HUB)
        here = name in shipped_models() or Path(name).is_dir()
        folder = find_model(name) if here else download_model(f"{name}@{revision}" if revision else name)
        trained = load_network(folder)
        network = cls(trained.config)
        network.load_state_dict(trained.state_dict())
        return network.eval()

    def push_to_hub(self, repo_id: str, *, model_card_kwargs: dict[str, Any] | None = None, **options: Any) -> str:
        """Upload the network as a model folder with a card; the options are those of `PyTorchModelHubMixin`.

        Args:
            repo_id: "OWNER/NAME" of the model on the hub; it is made if there is none.
            model_card_kwargs: further values for the card.

        Returns:
            Address of the commit.
        """
        card = {"model_id": repo_id, **(model_card_kwargs or {})}
        return str(super().push_to_hub(repo_id, model_card_kwargs=card, **options))

    def _save_pretrained(self, save_directory: Path) -> None:
        save_network(self, save_directory)

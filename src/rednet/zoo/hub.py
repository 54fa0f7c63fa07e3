"""Downloads a model folder from Hugging Face's hub, or from another server that speaks its protocol.

Only the files of a model folder are fetched, into the hub's own cache, and every engine checks them like those of any
folder. Nothing is fetched unless a name begins with `hf:`.
"""

from __future__ import annotations

from pathlib import Path

from rednet.errors import ModelError
from rednet.packages import need
from rednet.zoo.checking import CONFIG, WEIGHTS

__all__ = ["CARD", "HUB", "download_model"]

HUB = "hf:"  # names of models on the hub begin with it
CARD = "README.md"


def download_model(name: str) -> Path:
    """Return the folder of a model on the hub; what is in the hub's cache already is not downloaded again.

    Args:
        name: "OWNER/NAME", or "OWNER/NAME@REVISION" for a branch, tag or commit.

    Raises:
        ModelError: the package huggingface-hub is not installed, there is no such model, or the hub cannot be reached.
    """
    hub = need("huggingface_hub", "hub", "a model on the hub", ModelError)
    repository, _, revision = name.partition("@")
    try:
        folder = hub.snapshot_download(
            repository, revision=revision or None, allow_patterns=[CONFIG, WEIGHTS, CARD], library_name="rednet"
        )
    except (OSError, ValueError) as error:  # the hub's errors are of these kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"cannot get the model {name:.200} from the hub: {reason:.300}") from error
    return Path(folder)

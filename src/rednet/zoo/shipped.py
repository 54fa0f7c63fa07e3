"""Finds the models that come with rednet."""

from __future__ import annotations

from pathlib import Path

from rednet.errors import ModelError
from rednet.zoo.checking import CONFIG
from rednet.zoo.hub import HUB, download_model

__all__ = ["MODELS_FOLDER", "find_model", "shipped_models"]

MODELS_FOLDER = Path(__file__).parent


def shipped_models() -> list[str]:
    """Return the names of the models that come with rednet, sorted."""
    return sorted(config.parent.name for config in MODELS_FOLDER.glob(f"*/{CONFIG}"))


def find_model(name_or_dir: str | Path) -> Path:
    """Return the folder of a model.

    Args:
        name_or_dir: name of a shipped model, path of a model folder, or "hf:OWNER/NAME" (with "@REVISION", if you like)
            for a model on the hub, which is downloaded.

    Raises:
        ModelError: there is neither a shipped model nor a folder of that name, or the hub does not give it.
    """
    shipped = shipped_models()
    if str(name_or_dir).startswith(HUB):
        return download_model(str(name_or_dir).removeprefix(HUB))
    if str(name_or_dir) in shipped:
        return MODELS_FOLDER / str(name_or_dir)
    try:
        if isinstance(name_or_dir, str | Path) and Path(name_or_dir).is_dir():
            return Path(name_or_dir)
    except OSError as error:
        raise ModelError(f"cannot read the model folder {name_or_dir!s:.200}: {error.strerror}") from error
    raise ModelError(
        f"there is no model {name_or_dir!s:.200}; shipped: {', '.join(shipped)}; or give a folder, or {HUB}OWNER/NAME"
    )

"""Packages that only some parts of rednet need, and the commands that install them."""

from __future__ import annotations

import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

from rednet.errors import RednetError

__all__ = ["EXTRAS", "install_command", "need"]

EXTRAS = {  # as in pyproject.toml, which an installed copy no longer has
    "": ("numpy", "pyvips[binary]", "ncnn", "safetensors", "typer", "rich"),  # what all of rednet needs
    "baselines": ("scikit-image", "opencv-python-headless", "PyWavelets"),
    "bm3d": ("bm3d",),
    "demo": ("pillow",),
    "onnx": ("onnx", "onnxruntime"),
    "train": ("torch", "pillow"),
    "web": ("fastapi", "gradio", "prometheus-client", "python-multipart", "uvicorn"),
}


def install_command(extra: str) -> str:
    """Return the command that installs the packages of an extra; for "", the packages that rednet always needs.

    rednet is on no package index. The command names the folder of a checkout; an installed copy does not know where it
    came from, so its command names the packages.
    """
    root = _checkout(Path(__file__))
    if root is None:
        return f"pip install {shlex.join(EXTRAS[extra])}"
    place = "." if root == Path.cwd() else str(root)
    return f"pip install -e {shlex.quote(f'{place}[{extra}]' if extra else place)}"


def need(module: str, extra: str, purpose: str, error: type[RednetError]) -> Any:
    """Import a module that an extra brings.

    Args:
        module: its name.
        extra: a key of `EXTRAS`.
        purpose: what needs it, as the error's subject.
        error: raised, with the command that installs the extra, if the module is missing.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        raise error(f"{purpose} needs the package {cause.name or module}: {install_command(extra)}") from cause


def _checkout(file: Path) -> Path | None:
    """Return the root of the checkout that a file of rednet lies in; None if it is an installed copy."""
    source = file.resolve().parents[1]
    root = source.parent
    return root if source.name == "src" and (root / "pyproject.toml").is_file() else None

"""Optional packages, and the command that installs them."""

from __future__ import annotations

import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

from rednet.errors import RednetError

__all__ = ["EXTRAS", "install_command", "need"]

EXTRAS = {  # as in pyproject.toml, which an installed copy does not include
    "": ("numpy", "pyvips[binary]", "ncnn", "safetensors", "typer", "rich"),  # every use of rednet needs these
    "baselines": ("scikit-image", "opencv-python-headless", "PyWavelets"),
    "bm3d": ("bm3d",),
    "cluster": ("ray[client,default]", "fsspec", "s3fs"),
    "demo": ("pillow",),
    "docs": ("zensical", "griffelib"),
    "export": ("onnx", "openvino"),
    "hub": ("huggingface-hub",),
    "onnx": ("onnx", "onnxruntime"),
    "remote": ("fsspec", "s3fs"),
    "train": ("torch", "pillow"),
    "web": ("fastapi", "prometheus-client", "python-multipart", "uvicorn"),
}


def install_command(extra: str) -> str:
    """Return the command that installs the packages of an extra; for "", the packages that every use needs.

    rednet is on no package index. In a checkout, the command names the checkout's folder. An installed copy does not
    know where it came from, so there the command names the packages themselves.
    """
    root = _checkout(Path(__file__))
    if root is None:
        return f"pip install {shlex.join(EXTRAS[extra])}"
    place = "." if root == Path.cwd() else str(root)
    return f"pip install -e {shlex.quote(f'{place}[{extra}]' if extra else place)}"


def need(module: str, extra: str, purpose: str, error: type[RednetError]) -> Any:
    """Import a module of an optional package.

    Args:
        module: name of the module.
        extra: the key in `EXTRAS` of the extra that installs it.
        purpose: the feature that needs the module; the subject of the error message.
        error: class of the error to raise if the module is missing; its message has the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        raise error(f"{purpose} needs the package {cause.name or module}: {install_command(extra)}") from cause


def _checkout(file: Path) -> Path | None:
    """Return the root of the checkout that contains a file of rednet; None if rednet is an installed copy."""
    source = file.resolve().parents[1]
    root = source.parent
    return root if source.name == "src" and (root / "pyproject.toml").is_file() else None

"""A golden set while it is made: named results, each by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyvips
from PIL import Image

__all__ = ["MAY_DIFFER", "MUST_AGREE", "Golden", "hash_array", "hash_picture"]

MUST_AGREE = "results"
MAY_DIFFER = ("ledger", "words")


def sha256(content: bytes) -> str:
    """Hash bytes."""
    return hashlib.sha256(content).hexdigest()


def hash_array(values: Any) -> dict[str, Any]:
    """Hash an array, with its shape and type."""
    values = np.asarray(values)
    return {"shape": list(values.shape), "dtype": str(values.dtype), "sha256": sha256(np.ascontiguousarray(values))}


def hash_result(result: Any) -> dict[str, Any]:
    """Hash the result of a Python function: an array or a PIL image."""
    kind = {"mode": result.mode} if isinstance(result, Image.Image) else {}
    return {"kind": type(result).__name__, **kind, **hash_array(result)}


def hash_picture(content: bytes) -> dict[str, Any]:
    """Hash the bytes of a file and, if it is a picture, the pixels of all its pages."""
    found: dict[str, Any] = {"size": len(content), "bytes": sha256(content)}
    try:
        image = pyvips.Image.new_from_buffer(content, "")
        if image.get_typeof("n-pages") and image.get("n-pages") > 1:
            image = pyvips.Image.new_from_buffer(content, "", n=-1)
        found["pixels"] = hash_array(image.numpy())
    except pyvips.Error:
        pass
    return found


class Golden:
    """A golden set that is being made: named results, and named entries that may differ."""

    def __init__(self) -> None:
        self.sections: dict[str, dict[str, Any]] = {name: {} for name in (MUST_AGREE, *MAY_DIFFER)}

    def add(self, name: str, result: Any, section: str = MUST_AGREE) -> None:
        """Record a result; raise KeyError if the name exists."""
        if name in self.sections[section]:
            raise KeyError(name)
        self.sections[section][name] = result

    def call(self, name: str, function: Callable[[], Any]) -> None:
        """Call a function and record its result, or the name of the exception that it raises."""
        try:
            self.add(name, hash_result(function()))
        except Exception as error:  # what is refused is to stay refused
            self.add(name, {"error": type(error).__name__})
            self.add(name, str(error), "words")

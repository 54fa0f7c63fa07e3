"""Reads the files of a model folder, and checks them completely before an engine gets them.

Engines are compiled programs that do not check their input; a bias of the wrong shape crashes the process. So the
network's shape must be within bounds, and `model.safetensors` must hold exactly its tensors, with finite values only.

Source: the safetensors format (github.com/huggingface/safetensors, README, "Format").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from math import prod
from pathlib import Path
from reprlib import repr as brief
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ModelError, OptionError
from rednet.network.architecture import REDNetConfig
from rednet.opening import open_regular

__all__ = ["CONFIG", "WEIGHTS", "load_config", "load_tensors"]

CONFIG = "config.json"
WEIGHTS = "model.safetensors"

MAX_CONFIG_BYTES = 1 << 16
MAX_BRACKETS = 256  # in config.json, so that it is not nested too deeply for Python's parser
MAX_HEADER_BYTES = 1 << 20  # the header of model.safetensors; 400 tensors need about 40 kB
MAX_VALUES = 100_000_000  # 400 MB of float32; the paper's largest network has 5 million
LENGTH_BYTES = 8  # a safetensors file begins with the length of its header
STORED = ("F32", "F16", "BF16")


def load_config(folder: Path) -> REDNetConfig:
    """Read the network's shape from a model folder.

    Raises:
        ModelError: `config.json` is missing or broken, or a field is unknown or outside its range.
    """
    path = folder / CONFIG
    content = _read_bounded(path, MAX_CONFIG_BYTES)
    if content.count(b"[") + content.count(b"{") > MAX_BRACKETS:
        raise ModelError(f"{path} is broken: it has more than {MAX_BRACKETS} brackets; it must hold a few plain fields")
    try:
        values = json.loads(content.decode("utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is broken: it is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} is broken: it holds {brief(values)}; it must hold the fields of a network")
    known = [field.name for field in fields(REDNetConfig)]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ModelError(f"{path} has a field {brief(unknown[0])}; the fields are {', '.join(known)}")
    try:
        return REDNetConfig(**values)
    except OptionError as error:
        raise ModelError(f"{path} is broken: {error}") from error


def load_tensors(folder: Path, config: REDNetConfig) -> dict[str, NDArray[np.float32]]:
    """Read the weights from a model folder, converted to float32.

    Args:
        folder: model folder with `model.safetensors`.
        config: the network's shape; `config.tensors` lists the tensors that the file must hold.

    Raises:
        ModelError: the file is missing or broken, its tensors are not the network's, or a value is not finite.
    """
    from safetensors import SafetensorError, deserialize

    path, expected = folder / WEIGHTS, config.tensors
    count = sum(map(prod, expected.values()))
    if count > MAX_VALUES:
        raise ModelError(f"{folder / CONFIG} asks for {count:.1e} weights; at most {MAX_VALUES:.0e} can be loaded")
    content = _read_bounded(path, LENGTH_BYTES + MAX_HEADER_BYTES + 4 * count)
    if int.from_bytes(content[:LENGTH_BYTES], "little") > MAX_HEADER_BYTES:
        raise ModelError(f"{path} is broken: its header is longer than {MAX_HEADER_BYTES} bytes")
    try:
        found: dict[str, Any] = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ModelError(f"{path} is broken: it is not a safetensors file ({error})") from error
    _check_names(path, found, expected)
    return {name: _checked(path, name, found.pop(name), shape) for name, shape in expected.items()}


def _check_names(path: Path, found: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Raise ModelError unless the file has all tensors of the network and no others."""
    for wrong, words in ((expected.keys() - found.keys(), "lacks"), (found.keys() - expected.keys(), "also has")):
        if wrong:
            raise ModelError(f"{path} {words} the tensor {brief(min(wrong))}; it does not belong to {CONFIG}")


def _checked(path: Path, name: str, tensor: Mapping[str, Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return one tensor of a file as float32; raise ModelError unless it has that shape and finite values."""
    if tuple(tensor["shape"]) != shape:
        raise ModelError(f"{path}: {name} has the shape {brief(tensor['shape'])}; {CONFIG} asks for {list(shape)}")
    dtype, data = tensor["dtype"], tensor["data"]
    if dtype not in STORED:
        raise ModelError(f"{path}: {name} is stored as {dtype}; store it as one of {', '.join(STORED)}")
    if dtype == "BF16":  # the upper half of a float32
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        stored = np.frombuffer(data, "<f4" if dtype == "F32" else "<f2")
        values = stored.astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        raise ModelError(f"{path}: {name} has values that are not finite; its training diverged, or the file is broken")
    shaped: NDArray[np.float32] = values.reshape(shape)
    return shaped


def _read_bounded(path: Path, most: int) -> bytes:
    """Read a regular file of at most `most` bytes; raise ModelError if it cannot be read or is longer."""
    try:
        with open_regular(path) as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ModelError(f"{path.parent} is not a model folder: cannot read {path.name} ({error.strerror})") from error
    if len(content) > most:
        raise ModelError(f"{path} has more than {most} bytes, too many for such a network; copy the model again")
    return content

"""The table of engines, and how one is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rednet.engines.engine import Engine
from rednet.engines.ncnn_engine import NcnnEngine
from rednet.engines.onnx_engine import OnnxEngine
from rednet.engines.torch_engine import TorchEngine
from rednet.errors import EngineError, OptionError
from rednet.forking import check_threads
from rednet.machine import Device, check_device, cpu_threads
from rednet.values import check_whole

__all__ = ["ENGINES", "load_engine"]

MAX_THREADS = 1024

ENGINES: Mapping[str, type[NcnnEngine] | type[OnnxEngine] | type[TorchEngine]] = {
    "ncnn": NcnnEngine,
    "onnx": OnnxEngine,
    "torch": TorchEngine,
}


def load_engine(folder: Path, name: str = "ncnn", *, threads: int | None = None, device: Device = "cpu") -> Engine:
    """Load a model folder into an engine.

    Args:
        folder: model folder with `config.json` and `model.safetensors`.
        name: "ncnn", "onnx" or "torch".
        threads: number of processors to use; None for all processors that this process may use. The engine torch sets
            it for all of torch in this process.
        device: "cpu" or "gpu".

    Raises:
        EngineError: the engine is not installed, cannot load the network, or finds no such device; or this process was
            forked from a process that had used the engine.
        ModelError: the folder is not a model folder, or a file in it is broken.
        OptionError: the name is unknown, or threads is below 1.
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise OptionError(f"engine is {name!r}; it must be one of: {', '.join(ENGINES)}")
    if threads is not None:
        threads = check_whole("threads", threads, 1, MAX_THREADS)
    check_device(device)
    check_threads(ENGINES[name].library, EngineError)
    return ENGINES[name](folder, threads or cpu_threads(), device)

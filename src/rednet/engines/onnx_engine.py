"""ONNX Runtime as an engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.engines.engine import Engine
from rednet.engines.onnx_graph import to_onnx
from rednet.errors import EngineError
from rednet.machine import Device
from rednet.packages import need
from rednet.zoo.model_folder import load_chain

__all__ = ["OnnxEngine"]

Array = NDArray[np.float32]

ONNX_GPU = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "DmlExecutionProvider")


class OnnxEngine(Engine):
    """ONNX Runtime. The device gpu means what the installed package supports: CUDA, ROCm, CoreML or DirectML."""

    library = "ONNX Runtime"

    def __init__(self, folder: Path, threads: int, device: Device) -> None:
        onnxruntime = need("onnxruntime", "onnx", "the engine onnx", EngineError)
        available = onnxruntime.get_available_providers()
        found = [provider for provider in ONNX_GPU if provider in available] if device == "gpu" else []
        if device == "gpu" and not found:
            raise EngineError(
                f"this ONNX Runtime supports {', '.join(available)}; install the package for your graphics processor "
                "(onnxruntime-gpu, onnxruntime-directml), or use the device cpu"
            )
        chain = load_chain(folder)
        super().__init__(chain.config)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        settings = {"CUDAExecutionProvider": {"use_tf32": "0"}}  # float32 throughout, like the other engines
        providers = [(name, settings.get(name, {})) for name in (*found, "CPUExecutionProvider")]
        self.session = onnxruntime.InferenceSession(to_onnx(chain), options, providers=providers)

    def run(self, planes: Array, hints: Array) -> Array:
        feed = {"planes": planes[None]}
        if len(hints):
            feed["hints"] = hints[None]
        residual: Array = self.session.run(["residual"], feed)[0][0]
        return residual

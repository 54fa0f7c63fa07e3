"""ncnn, the default engine."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.engines.engine import Engine
from rednet.engines.ncnn_graph import to_ncnn
from rednet.engines.ncnn_layers import NcnnLayers, NcnnNet, import_ncnn
from rednet.errors import EngineError
from rednet.machine import Device
from rednet.zoo.model_folder import load_chain

__all__ = ["NcnnEngine"]

Array = NDArray[np.float32]


class NcnnEngine(Engine):
    """ncnn: small, starts at once, has Winograd kernels; float32 throughout. The device gpu means Vulkan."""

    library = "ncnn"

    def __init__(self, folder: Path, threads: int, device: Device) -> None:
        ncnn = import_ncnn()
        if device == "gpu" and ncnn.get_gpu_count() < 1:
            raise EngineError("ncnn finds no graphics processor with Vulkan here; use the device cpu")
        self.chain = load_chain(folder)
        super().__init__(self.chain.config)
        self.ncnn, self.threads, self.gpu = ncnn, threads, device == "gpu"
        self.net = NcnnNet(ncnn, to_ncnn(self.chain), threads, gpu=self.gpu)

    def run(self, planes: Array, hints: Array) -> Array:
        inputs = {"planes": planes, "hints": hints} if len(hints) else {"planes": planes}
        return np.array(self.net.run("residual", **{name: self.net.mat(array) for name, array in inputs.items()}))

    @cached_property
    def layers(self) -> NcnnLayers | None:
        """What runs the layers one by one, loaded on first use since only large pictures need it; None on a gpu."""
        return None if self.gpu else NcnnLayers(self.ncnn, self.chain, self.threads)

"""PyTorch as an engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.engines.engine import Engine
from rednet.errors import EngineError
from rednet.machine import Device, torch_device
from rednet.packages import need

__all__ = ["TorchEngine"]

Array = NDArray[np.float32]


class TorchEngine(Engine):
    """The training network itself, the reference for all other engines. The device gpu means CUDA, ROCm or Metal."""

    library = "torch"

    def __init__(self, folder: Path, threads: int, device: Device) -> None:
        self.torch = need("torch", "train", "the engine torch", EngineError)
        self.torch.set_num_threads(threads)  # for the whole process: torch has no setting for one network
        self.place = torch_device(device)
        from rednet.zoo.model_folder import load_network

        self.net = load_network(folder).to(self.place)
        super().__init__(self.net.config)

    def run(self, planes: Array, hints: Array) -> Array:
        channels, cudnn = self.config.channels, self.torch.backends.cudnn
        # With TF32, cuDNN's default, the result would differ from the other engines in the third digit.
        kept = {"benchmark": cudnn.benchmark, "deterministic": cudnn.deterministic}  # as the program has set them
        with self.torch.inference_mode(), cudnn.flags(enabled=True, allow_tf32=False, **kept):
            batch = self.torch.from_numpy(planes)[None].to(self.place)
            y, mask = batch[:, :channels], batch[:, channels:] if self.config.mask else None
            told = self.torch.from_numpy(hints[:, 0, 0].copy())[None].to(self.place) if len(hints) else None
            residual: Array = (self.net(y, mask, told) - y)[0].cpu().numpy()
        return residual

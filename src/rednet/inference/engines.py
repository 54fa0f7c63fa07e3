"""Programs that run a network: ncnn (default), ONNX Runtime, torch. All give the same residual.

An engine takes a picture of any size; what the network needs around it (reflection to a multiple of its grid, hint
planes) is done here once for all engines, each of which only runs the graph.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.architecture import PLANES_PER_HINT, REDNetConfig, round_up
from rednet.errors import EngineError, OptionError
from rednet.forking import check_threads, mark_threads
from rednet.inference.bands import Feed
from rednet.inference.ncnn_layers import NcnnLayers, NcnnNet, give_back_memory, import_ncnn
from rednet.inference.scan import Scan, strip_width
from rednet.inference.tiling import spans
from rednet.machine import Device, check_device, cpu_threads, torch_device
from rednet.options import check_whole
from rednet.packages import need
from rednet.zoo.chain import load_chain
from rednet.zoo.ncnn_graph import to_ncnn
from rednet.zoo.onnx_graph import to_onnx

__all__ = ["ENGINES", "Engine", "NcnnEngine", "OnnxEngine", "TorchEngine", "load_engine"]

Array = NDArray[np.float32]

MAX_THREADS = 1024
ONNX_GPU = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "DmlExecutionProvider")


class Engine(ABC):
    """Runs one network.

    Args:
        config: the network's shape.
    """

    library = ""  # that has the threads

    def __init__(self, config: REDNetConfig) -> None:
        self.config = config
        mark_threads(self.library)

    def __call__(self, planes: Array, hints: Array) -> Array:
        """Computes the residual that is to be added to the picture.

        Args:
            planes: (H, W, channels) picture in [0, 1], and the mask (1 where missing) as one more plane if the
                network takes one; H and W at least 1.
            hints: (2 * len(config.hints),), see `rednet.hints`.

        Returns:
            (H, W, channels) float32.

        Raises:
            OptionError: the number of planes or hints is not the network's.
            EngineError: the process was forked since the engine was loaded.
        """
        check_threads(self.library, EngineError)
        height, width, _ = planes.shape
        return self.run(*self.laid_out(planes, hints)).transpose(1, 2, 0)[:height, :width]

    @property
    def scans(self) -> bool:
        """Tells whether `scan` works."""
        return False

    def scan(self, hints: Array, width: int, *, strip: int | None = None) -> Feed:
        """Begins a picture that comes in bands of rows, from top to bottom; each pixel is computed once.

        Args:
            hints: see `__call__`.
            width: of the picture, px.
            strip: width of the strips in which it is worked on, px, a multiple of the grid; None for what suits.

        Returns:
            What takes the planes' rows and gives the residual's: until the last ones it stays behind by the network's
            halo. All bands but the last have a multiple of `grid` rows; the last has at least `grid`, unless it is
            the only one.
        """
        raise NotImplementedError

    def laid_out(self, planes: Array, hints: Array) -> tuple[Array, Array]:
        """Checks what the network is given and lays it out for `run`; arguments as in `__call__`."""
        expected = self.config.channels + self.config.mask
        if planes.ndim != 3 or planes.shape[2] != expected:
            raise OptionError(f"this network takes (H, W, {expected}) planes; got {planes.shape}")
        if hints.shape != (PLANES_PER_HINT * len(self.config.hints),):
            raise OptionError(f"this network takes {PLANES_PER_HINT * len(self.config.hints)} hints; got {hints.shape}")
        chw = planes.transpose(2, 0, 1)
        for axis in (1, 2):
            if chw.shape[axis] % self.config.grid:
                chw = chw.take(reflection(chw.shape[axis], self.config.grid), axis)
        coarse = (len(hints), chw.shape[1] // self.config.stride, chw.shape[2] // self.config.stride)
        told = np.ascontiguousarray(np.broadcast_to(hints.astype(np.float32)[:, None, None], coarse))
        return np.ascontiguousarray(chw, np.float32), told

    @abstractmethod
    def run(self, planes: Array, hints: Array) -> Array:
        """Runs the graph: (planes, H, W) and (hints, H / s, W / s), contiguous, to (channels, H, W)."""


class NcnnEngine(Engine):
    """ncnn: small, no start-up cost, Winograd kernels; float32 throughout. Its gpu is Vulkan."""

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

    @property
    def scans(self) -> bool:
        return not self.gpu

    @cached_property
    def layers(self) -> NcnnLayers:
        """The layers one by one; only large pictures need them."""
        return NcnnLayers(self.ncnn, self.chain, self.threads)

    def scan(self, hints: Array, width: int, *, strip: int | None = None) -> Feed:
        check_threads(self.library, EngineError)
        config, stride, grid = self.config, self.config.stride, self.config.grid
        strips = list(spans(width, strip or strip_width(config, width), config.halo, grid))
        scans = [Scan(self.layers, round_up(seen.stop - seen.start, grid)) for _, seen in strips]
        left = 0  # rows that were taken and not yet given back

        def feed(rows: Array, last: bool) -> Array:
            nonlocal left
            left += len(rows)
            if last:
                give_back_memory()
            planes, told = self.laid_out(rows, hints)
            parts = []
            for scan, (written, seen) in zip(scans, strips, strict=True):
                fine = slice(seen.start, round_up(seen.stop, grid))
                coarse = slice(fine.start // stride, fine.stop // stride)
                part = scan.feed(planes[:, :, fine], told[:, :, coarse], last=last)
                parts.append(part[:, :, written.start - seen.start : written.stop - seen.start])
            residual = np.concatenate(parts, axis=2).transpose(1, 2, 0)[:left]
            left -= len(residual)
            if len(residual) != len(rows):  # at the beginning and at the end, bands need memory of other sizes
                give_back_memory()
            return residual

        return feed


class OnnxEngine(Engine):
    """ONNX Runtime. Its gpu is what its package was built for: CUDA, ROCm, CoreML or DirectML."""

    library = "ONNX Runtime"

    def __init__(self, folder: Path, threads: int, device: Device) -> None:
        onnxruntime = need("onnxruntime", "onnx", "the engine onnx", EngineError)
        available = onnxruntime.get_available_providers()
        found = [provider for provider in ONNX_GPU if provider in available] if device == "gpu" else []
        if device == "gpu" and not found:
            raise EngineError(
                f"this ONNX Runtime works on {', '.join(available)}; install the package for your graphics processor "
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


class TorchEngine(Engine):
    """The training network itself: the reference that all others are held to. Its gpu is CUDA, ROCm or Metal."""

    library = "torch"

    def __init__(self, folder: Path, threads: int, device: Device) -> None:
        self.torch = need("torch", "train", "the engine torch", EngineError)
        self.torch.set_num_threads(threads)  # of the whole process: torch has no others
        self.place = torch_device(device)
        from rednet.zoo.folder import load_network

        self.net = load_network(folder).to(self.place)
        super().__init__(self.net.config)

    def run(self, planes: Array, hints: Array) -> Array:
        channels = self.config.channels
        # TF32, cuDNN's usual arithmetic, would differ from the other engines in the third digit.
        with self.torch.inference_mode(), self.torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            batch = self.torch.from_numpy(planes)[None].to(self.place)
            y, mask = batch[:, :channels], batch[:, channels:] if self.config.mask else None
            told = self.torch.from_numpy(hints[:, 0, 0].copy())[None].to(self.place) if len(hints) else None
            residual: Array = (self.net(y, mask, told) - y)[0].cpu().numpy()
        return residual


ENGINES: Mapping[str, type[NcnnEngine] | type[OnnxEngine] | type[TorchEngine]] = {
    "ncnn": NcnnEngine,
    "onnx": OnnxEngine,
    "torch": TorchEngine,
}


def load_engine(folder: Path, name: str = "ncnn", *, threads: int | None = None, device: Device = "cpu") -> Engine:
    """Loads a model folder into an engine.

    Args:
        folder: with `config.json` and `model.safetensors`.
        name: "ncnn", "onnx" or "torch".
        threads: processors to use; None for all that this process may use.
        device: "cpu", or "gpu" where the engine finds one.

    Raises:
        EngineError: the engine is not installed, cannot load the network, or finds no such device; or the process was
            forked from one that had used it.
        ModelError: the folder is not a model, or broken.
        OptionError: the name is unknown, or threads is below 1.
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise OptionError(f"engine is {name!r}; it must be one of: {', '.join(ENGINES)}")
    if threads is not None:
        threads = check_whole("threads", threads, 1, MAX_THREADS)
    check_device(device)
    check_threads(ENGINES[name].library, EngineError)
    return ENGINES[name](folder, threads or cpu_threads(), device)


def reflection(size: int, grid: int) -> NDArray[np.intp]:
    """Indices that continue `size` px by reflection to the next multiple of `grid`, from 1 px on."""
    index = np.arange(round_up(size, grid)) % max(2 * size - 2, 1)
    return np.minimum(index, 2 * size - 2 - index) if size > 1 else np.zeros_like(index)

"""The layers of a network one by one in ncnn, for `scan.py`; and how any network is loaded into ncnn."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.engines.ncnn_graph import to_ncnn_layers
from rednet.errors import EngineError
from rednet.network.chain import Chain
from rednet.packages import need

__all__ = ["NcnnLayers", "NcnnNet", "import_ncnn"]

Array = NDArray[np.float32]
PACKED = 1  # a type of `Extractor.extract`: channels stay as they are packed for the processor's registers
WAITING = "OMP_WAIT_POLICY"  # of threads that have nothing to do: ACTIVE ones spin, PASSIVE ones sleep
LIKENESS = 0.5  # a free block of memory serves for what takes at least this share of it


def import_ncnn() -> Any:
    """Import ncnn with threads that sleep while they wait.

    A thread that spins takes the processor from the one that it waits for, as soon as anything else runs: then all is
    many times slower (benchmarks/waiting.py). The policy is read once, when the OpenMP library of ncnn is loaded. So
    it is set for that moment alone, and a user's own setting holds; a program that imports ncnn earlier sets it itself.

    Raises:
        EngineError: ncnn is not installed.
    """
    ours = WAITING not in os.environ and "ncnn" not in sys.modules
    if ours:
        os.environ[WAITING] = "PASSIVE"
    try:
        ncnn = need("ncnn", "", "the engine ncnn", EngineError)
        ncnn.get_omp_num_threads()  # some OpenMP libraries read their settings at the first call only
    finally:
        if ours:
            del os.environ[WAITING]
    return ncnn


class NcnnNet:
    """A graph in ncnn, float32 throughout.

    Args:
        ncnn: the module.
        files: text of the `.param` and content of the `.bin` file.
        threads: processors to use.
        gpu: use Vulkan.
        pools: where memory for results and for work comes from; None for pools of the net's own.

    Raises:
        EngineError: ncnn cannot load it.
    """

    def __init__(
        self, ncnn: Any, files: tuple[str, bytes], threads: int, *, gpu: bool = False, pools: Any = None
    ) -> None:
        self.ncnn, (param, self.weights) = ncnn, files  # ncnn reads from this memory as long as the net lives
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_vulkan_compute = gpu
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = False
        if pools is not None:
            options.blob_allocator, options.workspace_allocator = pools
        if self.net.load_param_mem(param):
            raise EngineError("ncnn cannot load the network; install a newer one")
        self.net.load_model_mem(self.weights)

    def run(self, output: str, kind: int = 0, **inputs: Any) -> Any:
        """Computes one output of the inputs that it needs, all of ncnn's kind.

        Raises:
            EngineError: it cannot, mostly for want of memory.
        """
        extractor = self.net.create_extractor()
        for name, value in inputs.items():
            extractor.input(name, value)
        result = self.ncnn.Mat()
        if status := extractor.extract(output, result, kind):
            raise EngineError(f"ncnn failed (status {status}) at {output}; is there enough memory?")
        return result

    def mat(self, array: Array) -> Any:
        """Copies an array to ncnn, whose Mat knows no strides and does not keep the array alive."""
        array = np.ascontiguousarray(array)
        return self.ncnn.Mat(array).clone()


class NcnnLayers:
    """Runs the layers of a chain one by one; from any thread, for any number of pictures at a time.

    Args:
        ncnn: the module.
        chain: the network.
        threads: processors to use.
    """

    def __init__(self, ncnn: Any, chain: Chain, threads: int) -> None:
        self.ncnn, self.chain = ncnn, chain
        self.results, work, self.kept = memory_pools()
        self.net = NcnnNet(ncnn, to_ncnn_layers(chain), threads, pools=(self.results, work))
        self.cutting = ncnn.Option()
        self.cutting.num_threads = threads

    def zeros(self, channels: int, width: int) -> Any:
        return self.net.mat(np.zeros((channels, 1, width), np.float32))

    def height(self, x: Any) -> int:
        return int(x.h)

    def stack(self, above: Any, below: Any) -> Any:
        return self.net.run("both", PACKED, above=above, below=below)

    def cut(self, x: Any, start: int, stop: int, *, keep: bool = False) -> Any:
        if (start, stop) == (0, x.h):
            return x.clone(self.kept) if keep else x
        self.cutting.blob_allocator = self.kept if keep else self.results
        rows = self.ncnn.copy_cut_border(x, start, x.h - stop, 0, 0, self.cutting)
        if rows.empty():
            raise EngineError("ncnn has not enough memory")
        return rows

    def tell(self, planes: Array, hints: Array) -> Any:
        inputs = {"planes": planes, "hints": hints} if len(hints) else {"planes": planes}
        return self.net.run("told", PACKED, **{name: self.net.mat(array) for name, array in inputs.items()})

    def convolve(self, number: int, x: Any, kept: Any | None) -> Any:
        inputs = {f"rows{number}": x} if kept is None else {f"rows{number}": x, f"kept{number}": kept}
        return self.net.run(f"out{number}", PACKED, **inputs)

    def residual(self, x: Any) -> Array:
        return np.array(self.net.run("residual", fine=x))

    def give_back_memory(self) -> None:
        for pool in memory_pools():
            pool.clear()


@cache
def memory_pools() -> tuple[Any, Any, Any]:
    """Gives the pools that all layers take their memory from: for results, for work, and for what is kept.

    What is kept is small and would hold on to large blocks of the others. There is one set for the whole process, since
    rows must not outlive their pool; any thread may use them.
    """
    ncnn = import_ncnn()
    pools = ncnn.PoolAllocator(), ncnn.PoolAllocator(), ncnn.PoolAllocator()
    for pool in pools:
        pool.set_size_compare_ratio(LIKENESS)
    return pools

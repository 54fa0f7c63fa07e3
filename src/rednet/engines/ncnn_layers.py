"""A network in ncnn: loading it, running it, and running its layers one by one for `tiling/scan.py`."""

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
PACKED = 1  # a type of `Extractor.extract`: channels stay packed for the processor's registers
WAITING = "OMP_WAIT_POLICY"  # how idle threads wait: with ACTIVE they spin, with PASSIVE they sleep
LIKENESS = 0.5  # a pool reuses a free block of memory for a request of at least this fraction of its size


def import_ncnn() -> Any:
    """Import ncnn so that its idle threads sleep.

    When other programs run, a spinning thread takes the processor from the thread that it waits for, and the work
    becomes many times slower (benchmarks/waiting.py). OpenMP reads the wait policy once, when ncnn is loaded. So we set
    the policy only during the import. If the user has set a policy, we leave it; if the program has imported ncnn
    before, our setting has no effect.

    Raises:
        EngineError: ncnn is not installed.
    """
    ours = WAITING not in os.environ and "ncnn" not in sys.modules
    if ours:
        os.environ[WAITING] = "PASSIVE"
    try:
        ncnn = need("ncnn", "", "the engine ncnn", EngineError)
        ncnn.get_omp_num_threads()  # some OpenMP libraries read their settings only at the first call
    finally:
        if ours:
            del os.environ[WAITING]
    return ncnn


class NcnnNet:
    """A graph in ncnn, float32 throughout.

    Args:
        ncnn: the module.
        files: text of the `.param` file and content of the `.bin` file.
        threads: number of processors to use.
        gpu: use Vulkan.
        pools: allocators of the memory for results and for intermediate work; None for ncnn's own.

    Raises:
        EngineError: ncnn cannot load the graph.
    """

    def __init__(
        self, ncnn: Any, files: tuple[str, bytes], threads: int, *, gpu: bool = False, pools: Any = None
    ) -> None:
        self.ncnn, (param, self.weights) = ncnn, files  # ncnn reads the weights from this memory while the net lives
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
        """Compute one output from its inputs, all of them ncnn's Mat.

        Raises:
            EngineError: ncnn fails, in most cases because memory is full.
        """
        extractor = self.net.create_extractor()
        for name, value in inputs.items():
            extractor.input(name, value)
        result = self.ncnn.Mat()
        if status := extractor.extract(output, result, kind):
            raise EngineError(f"ncnn failed (status {status}) at {output}; is there enough memory?")
        return result

    def mat(self, array: Array) -> Any:
        """Copy an array to an ncnn Mat, which has no strides and does not keep the array alive."""
        array = np.ascontiguousarray(array)
        return self.ncnn.Mat(array).clone()


class NcnnLayers:
    """A network in ncnn whose layers run one by one, from any thread, for any number of pictures at a time.

    Args:
        ncnn: the module.
        chain: the network.
        threads: number of processors to use.
    """

    def __init__(self, ncnn: Any, chain: Chain, threads: int) -> None:
        self.ncnn, self.chain = ncnn, chain
        results, work, self.kept = _memory_pools()
        self.net = NcnnNet(ncnn, to_ncnn_layers(chain), threads, pools=(results, work))
        self.passing, self.keeping = ncnn.Option(), ncnn.Option()
        for option, pool in ((self.passing, results), (self.keeping, self.kept)):
            option.num_threads, option.blob_allocator = threads, pool

    def zeros(self, channels: int, width: int) -> Any:
        return self.net.mat(np.zeros((channels, 1, width), np.float32))

    def height(self, x: Any) -> int:
        return int(x.h)

    def stack(self, above: Any, below: Any) -> Any:
        return self.net.run("both", PACKED, above=above, below=below)

    def cut(self, x: Any, start: int, stop: int, *, keep: bool = False) -> Any:
        if (start, stop) == (0, x.h):
            return x.clone(self.kept) if keep else x
        rows = self.ncnn.copy_cut_border(x, start, x.h - stop, 0, 0, self.keeping if keep else self.passing)
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
        for pool in _memory_pools():
            pool.clear()


@cache
def _memory_pools() -> tuple[Any, Any, Any]:
    """Return the three memory pools of all layers: for results, for intermediate work, and for rows kept for long.

    Kept rows are small and have a pool of their own, since in another pool they would occupy large blocks. All threads
    of the process use the same pools, since rows must not outlive their pool.
    """
    ncnn = import_ncnn()
    pools = ncnn.PoolAllocator(), ncnn.PoolAllocator(), ncnn.PoolAllocator()
    for pool in pools:
        pool.set_size_compare_ratio(LIKENESS)
    return pools

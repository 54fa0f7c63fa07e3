"""What every engine is: a program that runs a network, and gives the same residual as all others.

An engine takes a picture of any size; what the network needs around it (reflection to a multiple of its grid, hint
planes) is done here once for all engines, each of which only runs the graph.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rednet.errors import EngineError, OptionError
from rednet.forking import check_threads, mark_threads
from rednet.network.architecture import PLANES_PER_HINT, REDNetConfig, reflection
from rednet.network.chain import Chain

__all__ = ["Engine", "LayerRunner"]

Array = NDArray[np.float32]
Rows = Any  # some rows of a layer's channels, as the engine keeps them


class LayerRunner(Protocol):
    """Runs the layers of a chain one by one."""

    chain: Chain

    def zeros(self, channels: int, width: int) -> Rows:
        """Gives one row of zeros, of `width` samples."""

    def height(self, x: Rows) -> int:
        """Counts rows."""

    def stack(self, above: Rows, below: Rows) -> Rows:
        """Joins rows."""

    def cut(self, x: Rows, start: int, stop: int, *, keep: bool = False) -> Rows:
        """Gives some of the rows, at least one; `keep` if they are to be kept for long."""

    def tell(self, planes: Array, hints: Array) -> Rows:
        """Gives what the first layer reads; the arguments are as in `Engine.run`."""

    def convolve(self, number: int, x: Rows, kept: Rows | None) -> Rows:
        """Runs a layer, with what its skip adds, without padding rows: a 3x3 layer gives two less than it got."""

    def residual(self, x: Rows) -> Array:
        """Gives (channels, H, W) of what the last layer gave."""

    def give_back_memory(self) -> None:
        """Gives back memory that is kept and not used."""


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
            hints: (2 * len(config.hints),), see `rednet.network.hints`.

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
    def layers(self) -> LayerRunner | None:
        """The layers one by one, if the engine can run them so; None if not."""
        return None

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

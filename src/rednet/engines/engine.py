"""The base class of the engines: programs that run a network and all compute the same residual.

An engine accepts a picture of any size. The base class pads it by reflection to a multiple of the network's grid and
fills the hint planes, so that each engine only runs the graph.
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
Rows = Any  # some rows of a layer's channels, in the engine's own type


class LayerRunner(Protocol):
    """What runs the layers of a chain one by one."""

    chain: Chain

    def zeros(self, channels: int, width: int) -> Rows:
        """Return one row of zeros, `width` samples wide."""

    def height(self, x: Rows) -> int:
        """Return the number of rows."""

    def stack(self, above: Rows, below: Rows) -> Rows:
        """Join two blocks of rows."""

    def cut(self, x: Rows, start: int, stop: int, *, keep: bool = False) -> Rows:
        """Return the rows from `start` to `stop`, at least one; `keep` says that the caller keeps them for long."""

    def tell(self, planes: Array, hints: Array) -> Rows:
        """Return the input of the first layer; arguments as in `Engine.run`."""

    def convolve(self, number: int, x: Rows, kept: Rows | None) -> Rows:
        """Run a layer and add its skip, without padding above and below: a 3x3 layer returns two rows less."""

    def residual(self, x: Rows) -> Array:
        """Convert the output of the last layer to the residual, (channels, H, W)."""

    def give_back_memory(self) -> None:
        """Give unused memory back to the system."""


class Engine(ABC):
    """An engine with one network loaded.

    Args:
        config: the network's shape.
    """

    library = ""  # name of the library whose threads do the work

    def __init__(self, config: REDNetConfig) -> None:
        self.config = config
        mark_threads(self.library)

    def __call__(self, planes: Array, hints: Array) -> Array:
        """Compute the residual; the picture plus the residual is x_hat.

        Args:
            planes: (H, W, channels) picture in [0, 1]; for a network with a mask, the mask (1 where pixels are missing)
                is one more plane. H and W at least 1.
            hints: (2 * len(config.hints),), see `rednet.network.hints`.

        Returns:
            (H, W, channels) float32.

        Raises:
            OptionError: the network reads another number of planes or hints.
            EngineError: the process was forked after the engine was loaded.
        """
        check_threads(self.library, EngineError)
        height, width, _ = planes.shape
        return self.run(*self.laid_out(planes, hints)).transpose(1, 2, 0)[:height, :width]

    @property
    def layers(self) -> LayerRunner | None:
        """What runs the layers one by one; None if the engine cannot."""
        return None

    def laid_out(self, planes: Array, hints: Array) -> tuple[Array, Array]:
        """Check the network's inputs and convert them to the arguments of `run`; arguments as in `__call__`."""
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
        """Run the graph: (planes, H, W) and (hints, H / s, W / s), contiguous -> (channels, H, W)."""

"""The network on its way down a picture: each row of each layer is computed once, and no halo is read.

A 3x3 convolution needs one row above and one below. So each layer keeps the last two rows that it was given until
more come, and is one row behind the layer before it; what a skip carries waits until the layer that adds it has come so
far. Before the first row and after the last one each layer sees a row of zeros, as in the whole picture. A layer that
samples down takes rows in pairs, and keeps an odd one until its pair comes.

Bands are low, and a wide picture is cut into strips, each with a scan of its own and a halo at its sides: then a
processor's caches hold more of what is worked on. Both are measured (docs/lab-log.md).
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.engines.engine import Engine, LayerRunner
from rednet.errors import EngineError
from rednet.forking import check_threads
from rednet.network.architecture import STEP, REDNetConfig, round_up
from rednet.tiling.bands import Feed
from rednet.tiling.tiles import spans

__all__ = ["Scan", "band_rows", "begin_scan", "last_rows", "strip_width"]

Array = NDArray[np.float32]
Rows = Any  # some rows of a layer's channels, as the engine keeps them

# Samples of a band in the innermost level: a multiple of the 4x4 and 6x6 that fast convolutions (Winograd's) compute.
ROWS = 12
STRIP = 50  # halos: the usual width of a strip, whose two halos then cost 4 %
CONTEXT = 2  # rows that a 3x3 convolution has more than it gives


class Scan:
    """One picture's way through a network.

    Args:
        runner: runs the layers.
        width: of the picture, px; a multiple of the grid.
    """

    def __init__(self, runner: LayerRunner, width: int) -> None:
        self.runner, self.chain = runner, runner.chain
        # A 3x3 layer's rows are sampled as it is itself; one between levels has no border.
        sizes = [(conv.weight.shape[1], width // conv.sampling) for conv in self.chain.layers]
        zeros = {size: runner.zeros(*size) for size in set(sizes)}
        self.border = [zeros[size] for size in sizes]
        self.above: list[Rows | None] = [
            border if conv.kind == "conv" else None for conv, border in zip(self.chain.layers, self.border, strict=True)
        ]
        self.waiting: dict[int, deque[Rows]] = {number: deque() for number in self.chain.kept}

    def feed(self, planes: Array, hints: Array, *, last: bool) -> Array:
        """Takes the next rows.

        Args:
            planes, hints: as in `Engine.run`.
            last: whether they are the last ones.

        Returns:
            (channels, h, W), the residual's rows that are ready; as long as there are more to come they stay behind by
            the network's halo.
        """
        runner = self.runner
        x = runner.tell(planes, hints)
        for number, conv in enumerate(self.chain.layers):
            x = self.gather(number, x, last=last)
            if x is None:
                return np.empty((self.chain.config.channels, 0, planes.shape[2]), np.float32)
            rows = runner.height(x)
            made = rows - CONTEXT if conv.kind == "conv" else rows // STEP if conv.kind == "down" else rows * STEP
            kept = None if conv.skip is None else self.take(conv.skip, made)
            x = runner.convolve(number, x, kept)
            if number in self.chain.kept:
                self.waiting[number].append(x)
        return runner.residual(x)

    def gather(self, number: int, x: Rows, *, last: bool) -> Rows | None:
        """Join the rows that a layer has kept with new ones, and keep what it needs again; None if they are too few."""
        runner, kind, above = self.runner, self.chain.layers[number].kind, self.above[number]
        if kind == "up":
            return x
        if above is not None:
            x = runner.stack(above, x)
        rows = runner.height(x)
        if kind == "down":
            odd = rows % STEP
            self.above[number] = runner.cut(x, rows - 1, rows, keep=True) if odd else None
            return None if rows < STEP else runner.cut(x, 0, rows - odd)
        if last:
            x, rows = runner.stack(x, self.border[number]), rows + 1
        self.above[number] = runner.cut(x, rows - CONTEXT, rows, keep=True)
        return None if rows == CONTEXT else x

    def take(self, number: int, rows: int) -> Rows:
        """Takes the first rows of what a skip carries; the others wait on."""
        runner, waiting = self.runner, self.waiting[number]
        taken: Rows | None = None
        while rows:
            x = waiting.popleft()
            high = runner.height(x)
            if high > rows:
                waiting.appendleft(runner.cut(x, rows, high, keep=True))
                x, high = runner.cut(x, 0, rows), rows
            taken = x if taken is None else runner.stack(taken, x)
            rows -= high
        return taken


def begin_scan(engine: Engine, hints: Array, width: int, *, strip: int | None = None) -> Feed:
    """Begin a picture that comes in bands of rows, from top to bottom; each pixel is computed once.

    Args:
        engine: with `layers`.
        hints: see `Engine.__call__`.
        width: of the picture, px.
        strip: width of the strips in which it is worked on, px, a multiple of the grid; None for what suits.

    Returns:
        What takes the planes' rows and gives the residual's: until the last ones it stays behind by the network's
        halo. All bands but the last have a multiple of `grid` rows; the last has at least `grid`, unless it is the
        only one.

    Raises:
        EngineError: the engine cannot run layers one by one, or the process was forked since it was loaded.
    """
    check_threads(engine.library, EngineError)
    runner = engine.layers
    if runner is None:
        raise EngineError(f"{engine.library} cannot run the layers of a network one by one; use tiles")
    stride, grid = engine.config.stride, engine.config.grid
    strips = list(spans(width, strip or strip_width(engine.config, width), engine.config.halo, grid))
    scans = [Scan(runner, round_up(seen.stop - seen.start, grid)) for _, seen in strips]
    left = 0  # rows that were taken and not yet given back

    def feed(rows: Array, last: bool) -> Array:
        nonlocal left
        left += len(rows)
        if last:
            runner.give_back_memory()
        planes, told = engine.laid_out(rows, hints)
        parts = []
        for scan, (written, seen) in zip(scans, strips, strict=True):
            fine = slice(seen.start, round_up(seen.stop, grid))
            coarse = slice(fine.start // stride, fine.stop // stride)
            part = scan.feed(planes[:, :, fine], told[:, :, coarse], last=last)
            parts.append(part[:, :, written.start - seen.start : written.stop - seen.start])
        residual = np.concatenate(parts, axis=2).transpose(1, 2, 0)[:left]
        left -= len(residual)
        if len(residual) != len(rows):  # at the beginning and at the end, bands need memory of other sizes
            runner.give_back_memory()
        return residual

    return feed


def band_rows(config: REDNetConfig) -> int:
    """Gives the height of a band, px."""
    return ROWS * config.grid


def last_rows(config: REDNetConfig) -> int:
    """Gives the rows that the last layer computes at the end, when all comes that stayed behind, px at most."""
    return config.halo + 2 * config.grid


def strip_width(config: REDNetConfig, width: int) -> int:
    """Gives the width of a strip of a picture, px, without its halo; for `spans`."""
    count = max(1, round(width / (STRIP * config.halo)))
    return round_up(-(-width // count), config.grid)

"""Runs a network down a picture in bands: each row of each layer is computed once, without a halo above and below.

A 3x3 convolution needs one row above and one row below. So each layer keeps the last two rows of its input for the next
band, and its output ends one row before the output of the layer before it. The activation that a skip carries waits
until the layer that adds it reaches the same rows. Before the first row and after the last row each layer reads a row
of zeros, as in a run on the whole picture. A layer that samples down reads rows in pairs, and keeps an odd row until
the next row comes.

Bands are low, and a wide picture is cut into vertical strips with a halo at both sides, each with a scan of its own:
so more of the data stays in the processor's caches. Both effects are measured (docs/lab-log.md).
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
Rows = Any  # some rows of a layer's channels, in the engine's own type

# Height of a band in samples of the innermost level: a multiple of the 4x4 and 6x6 blocks of Winograd's convolutions.
ROWS = 12
STRIP = 50  # usual width of a strip, in halos: its two halos then cost 4 %
CONTEXT = 2  # rows by which the input of a 3x3 convolution is higher than its output


class Scan:
    """A network that processes one picture from top to bottom.

    Args:
        runner: runs the layers.
        width: width of the picture, px; a multiple of the grid.
    """

    def __init__(self, runner: LayerRunner, width: int) -> None:
        self.runner, self.chain = runner, runner.chain
        # The input of a 3x3 layer has the layer's own sampling. Layers between levels need no border of zeros.
        sizes = [(conv.weight.shape[1], width // conv.sampling) for conv in self.chain.layers]
        zeros = {size: runner.zeros(*size) for size in set(sizes)}
        self.border = [zeros[size] for size in sizes]
        self.above: list[Rows | None] = [
            border if conv.kind == "conv" else None for conv, border in zip(self.chain.layers, self.border, strict=True)
        ]
        self.waiting: dict[int, deque[Rows]] = {number: deque() for number in self.chain.kept}

    def feed(self, planes: Array, hints: Array, *, last: bool) -> Array:
        """Process the next rows.

        Args:
            planes, hints: as in `Engine.run`.
            last: whether these are the last rows.

        Returns:
            (channels, h, W), the finished rows of the residual. Until the last rows they end the network's halo above
            the rows read.
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
        """Return a layer's input, the kept rows and the new ones, and keep the last rows; None if there are too few."""
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
        """Take the first rows that wait for a skip; the others wait on."""
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
    """Begin to process a picture in bands, from top to bottom.

    Args:
        engine: an engine that can run layers one by one.
        hints: see `Engine.__call__`.
        width: width of the picture, px.
        strip: width of a strip, px, a multiple of the grid; None to choose it.

    Returns:
        A function that reads rows of planes and returns the finished rows of the residual; until the last band they end
        the network's halo above the rows read. All bands but the last have a multiple of `grid` rows; the last band has
        at least `grid` rows, unless it is the only band.

    Raises:
        EngineError: the engine cannot run layers one by one, or the process was forked after the engine was loaded.
    """
    check_threads(engine.library, EngineError)
    runner = engine.layers
    if runner is None:
        raise EngineError(f"{engine.library} cannot run the layers of a network one by one; use tiles")
    stride, grid = engine.config.stride, engine.config.grid
    strips = list(spans(width, strip or strip_width(engine.config, width), engine.config.halo, grid))
    scans = [Scan(runner, round_up(seen.stop - seen.start, grid)) for _, seen in strips]
    left = 0  # rows read whose residual is not yet returned

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
        if len(residual) != len(rows):  # the first and the last bands need blocks of memory of other sizes
            runner.give_back_memory()
        return residual

    return feed


def band_rows(config: REDNetConfig) -> int:
    """Return the height of a band, px."""
    return ROWS * config.grid


def last_rows(config: REDNetConfig) -> int:
    """Return the largest number of rows, px, that the last layer computes in the last band."""
    return config.halo + 2 * config.grid


def strip_width(config: REDNetConfig, width: int) -> int:
    """Return the width of a strip of a picture, px, without its halo; for `spans`."""
    count = max(1, round(width / (STRIP * config.halo)))
    return round_up(-(-width // count), config.grid)

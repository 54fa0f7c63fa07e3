"""The network's way over a picture, in memory or in a file: in bands where the engine can, else in tiles.

The picture is read from top to bottom, and what the network would add to it is given in the same order. A picture in
memory and one that streams go the same way, so the result is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rednet.engines.engine import Engine
from rednet.errors import ModelError
from rednet.network.architecture import REDNetConfig, round_up
from rednet.tiling.bands import Feed, banded_rows
from rednet.tiling.fringes import FRINGE_REACH, fill_hidden
from rednet.tiling.scan import band_rows, begin_scan
from rednet.tiling.tiles import tiled_rows

__all__ = ["Orientations", "View", "walk", "with_marks"]

Pixels = NDArray[np.float32]
View = NDArray[np.float32]
"""(h, w, C + 2): pixels, 1 where one is missing, 1 where one is hidden; or (h, w, C), if none are."""
Mask = NDArray[np.bool_]
Orientations = Callable[[Callable[[Pixels], Pixels], Pixels], Pixels]

FARTHEST = 1000.0  # of white: a network that works never changes a pixel by as much, one that overflows does
DARKEST, BRIGHTEST = -1.0, 2.0  # what the network is shown: noise goes so far beyond black and white, data may not


def with_marks(pixels: Pixels, lost: Mask | None, hidden: Mask | None) -> View:
    """Joins pixels, (h, w, C), and marks of those that are missing or hidden, (h, w) or None for none, into a view."""
    if lost is None and hidden is None:
        return pixels
    none = np.zeros(pixels.shape[:2], bool)
    marks = [none if marked is None else marked for marked in (lost, hidden)]
    return np.concatenate([pixels, np.stack(marks, axis=2)], axis=2, dtype=np.float32)


def walk(
    engine: Engine,
    hints: NDArray[np.float32],
    read: Callable[[slice], View],
    shape: tuple[int, int, int],
    *,
    tile: int,
    halo: int,
    bands: bool,
    transparency: bool,
    orientations: Orientations | None,
    progress: Callable[[float], None],
) -> Iterator[tuple[slice, Pixels]]:
    """Computes what the network would add to a picture.

    Args:
        engine, hints: the network, and what it is told.
        read: gives some rows; each time it is asked for rows that begin and end further down.
        shape: (H, W, C) of the picture, C = 1 or 3.
        tile: side of a tile, px; a picture of no more pixels than a tile and its halo needs no bands.
        halo: of a tile, px.
        bands: go in bands if the engine can.
        transparency: whether there may be hidden pixels.
        orientations: joins the results of several orientations, see `ensemble`; it needs tiles. None for one.
        progress: called with the share that is done, 0 to 1.

    Yields:
        Some rows, and what is to be added to them, (h, W, C).

    Raises:
        ModelError: what the network gives is not finite, or far from any picture.
    """
    height, width, channels = shape
    config = engine.config
    passes = channels if config.channels < channels else 1  # a gray network takes one channel at a time

    def feed() -> Feed:
        scans = [begin_scan(engine, hints, width) for _ in range(passes)]
        return lambda rows, last: on_channels([partial(scan, last=last) for scan in scans], rows, config)

    def shown(rows: slice) -> Pixels:
        margin = FRINGE_REACH if transparency else 0
        top = max(0, rows.start - margin)
        view = read(slice(top, min(height, rows.stop + margin)))
        return as_shown(view, channels)[rows.start - top : rows.stop - top]

    def restore_tile(view: View) -> Pixels:
        if view.shape[2] > channels and view[:, :, -1].all():
            return np.zeros_like(view[:, :, :channels])
        return on_channels([partial(engine, hints=hints)] * passes, as_shown(view, channels), config)

    if bands and engine.layers is not None and orientations is None:
        if height * width > (tile + 2 * config.halo) ** 2:
            rows = band_rows(config)
            yield from banded_rows(feed(), shown, height, rows=rows, stride=config.grid, progress=progress)
            return
        tile = round_up(max(height, width), config.grid)  # it fits at once
    turned = orientations is not None
    yield from tiled_rows(
        partial(orientations, restore_tile) if orientations else restore_tile, read, height, width,
        tile=tile, halo=halo, stride=config.grid, both_ends=turned, progress=progress,
    )  # fmt: skip


def as_shown(view: View, channels: int) -> Pixels:
    """Gives what the network is shown: (h, w, C + 1), the pixels without hidden colours and extremes, and the mask."""
    pixels = np.clip(view[:, :, :channels], DARKEST, BRIGHTEST)
    if view.shape[2] == channels:
        return np.concatenate([pixels, np.zeros((*view.shape[:2], 1), np.float32)], axis=2)
    return np.concatenate([fill_hidden(pixels, view[:, :, -1] > 0), view[:, :, channels : channels + 1]], axis=2)


def on_channels(networks: Sequence[Callable[[Pixels], Pixels]], planes: Pixels, config: REDNetConfig) -> Pixels:
    """Runs a network on a picture of more or fewer channels than it takes.

    Args:
        networks: one, or one for each channel if it takes a single one.
        planes: (h, w, C + 1), as it is shown.
        config: of the network.

    Returns:
        (h', w, C), of the rows that are ready.
    """
    pixels, lost = planes[:, :, :-1], planes[:, :, -1:] if config.mask else planes[:, :, :0]
    if len(networks) > 1:
        parts = [
            plausible(network(np.concatenate([pixels[:, :, [c]], lost], axis=2))) for c, network in enumerate(networks)
        ]
        return np.concatenate(parts, axis=2)
    if pixels.shape[2] == config.channels:
        return plausible(networks[0](planes if config.mask else pixels))
    gray = np.repeat(pixels, config.channels, axis=2)
    result: Pixels = plausible(networks[0](np.concatenate([gray, lost], axis=2))).mean(axis=2, keepdims=True)
    return result


def plausible(residual: Pixels) -> Pixels:
    """Give what a network gave; raise ModelError if it cannot be part of a picture, as with broken weights."""
    farthest = np.abs(residual).max(initial=0)
    if not farthest <= FARTHEST:  # nor is NaN
        values = (
            f"values up to {farthest:.3g}, and white is 1" if np.isfinite(farthest) else "values that are not finite"
        )
        raise ModelError(f"the network gives {values}: its weights are broken; use another model, or train it again")
    return residual

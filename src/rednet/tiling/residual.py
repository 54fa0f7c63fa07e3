"""Computes the residual of a picture of any size: in bands if the engine can, else in tiles.

The picture is read from top to bottom, and the residual is returned in the same order. Pictures in memory and pictures
that are streamed from a file use the same code, so both results are equal to the bit.
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
"""(h, w, C + 2): pixels, 1 where one is missing, 1 where one is hidden; or (h, w, C) if all are known and visible."""
Mask = NDArray[np.bool_]
Orientations = Callable[[Callable[[Pixels], Pixels], Pixels], Pixels]

FARTHEST = 1000.0  # largest residual of a sound network, in units of white; a network that overflows exceeds it
DARKEST, BRIGHTEST = -1.0, 2.0  # range of the network's input: noise goes so far beyond black and white, no more


def with_marks(pixels: Pixels, lost: Mask | None, hidden: Mask | None) -> View:
    """Join pixels, (h, w, C), with masks of missing and of hidden pixels, (h, w) or None, into a view."""
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
    """Compute the residual of a picture.

    Args:
        engine: the network.
        hints: values of its hint planes, see `rednet.network.hints`.
        read: returns the rows of a slice; each slice begins and ends further down than the one before.
        shape: (H, W, C) of the picture, C = 1 or 3.
        tile: side of a tile, px; a picture with no more pixels than a tile with its halo needs no bands.
        halo: halo of a tile, px.
        bands: use bands if the engine can.
        transparency: whether the picture may have hidden pixels.
        orientations: combines the results of several orientations, see `tiling/orientations.py`; works in tiles only.
            None for one orientation.
        progress: called with the finished fraction, 0 to 1.

    Yields:
        A slice of rows, and their residual, (h, W, C).

    Raises:
        ModelError: the residual is not finite, or far too large for any picture.
    """
    height, width, channels = shape
    config = engine.config
    passes = channels if config.channels < channels else 1  # a gray network runs on one channel at a time

    def feed() -> Feed:
        scans = [begin_scan(engine, hints, width) for _ in range(passes)]
        return lambda rows, last: _on_channels([partial(scan, last=last) for scan in scans], rows, config)

    def shown(rows: slice) -> Pixels:
        margin = FRINGE_REACH if transparency else 0
        top = max(0, rows.start - margin)
        view = read(slice(top, min(height, rows.stop + margin)))
        return _as_shown(view, channels)[rows.start - top : rows.stop - top]

    def restore_tile(view: View) -> Pixels:
        if view.shape[2] > channels and view[:, :, -1].all():
            return np.zeros_like(view[:, :, :channels])
        return _on_channels([partial(engine, hints=hints)] * passes, _as_shown(view, channels), config)

    if bands and engine.layers is not None and orientations is None:
        if height * width > (tile + 2 * config.halo) ** 2:
            rows = band_rows(config)
            yield from banded_rows(feed(), shown, height, rows=rows, stride=config.grid, progress=progress)
            return
        tile = round_up(max(height, width), config.grid)  # the whole picture fits into one tile
    turned = orientations is not None
    yield from tiled_rows(
        partial(orientations, restore_tile) if orientations else restore_tile, read, height, width,
        tile=tile, halo=halo, stride=config.grid, both_ends=turned, progress=progress,
    )  # fmt: skip


def _as_shown(view: View, channels: int) -> Pixels:
    """Return the network's input, (h, w, C + 1): pixels with hidden colours replaced and values clipped, and mask."""
    pixels = np.clip(view[:, :, :channels], DARKEST, BRIGHTEST)
    if view.shape[2] == channels:
        return np.concatenate([pixels, np.zeros((*view.shape[:2], 1), np.float32)], axis=2)
    return np.concatenate([fill_hidden(pixels, view[:, :, -1] > 0), view[:, :, channels : channels + 1]], axis=2)


def _on_channels(networks: Sequence[Callable[[Pixels], Pixels]], planes: Pixels, config: REDNetConfig) -> Pixels:
    """Run a network on a picture that may have another number of channels than the network reads.

    Args:
        networks: one function; or, for a gray network on a colour picture, one function for each channel.
        planes: (h, w, C + 1), the network's input from `_as_shown`.
        config: the network's shape.

    Returns:
        (h', w, C), the residual of the finished rows.
    """
    pixels, lost = planes[:, :, :-1], planes[:, :, -1:] if config.mask else planes[:, :, :0]
    if len(networks) > 1:
        parts = [
            _plausible(network(np.concatenate([pixels[:, :, [c]], lost], axis=2))) for c, network in enumerate(networks)
        ]
        return np.concatenate(parts, axis=2)
    if pixels.shape[2] == config.channels:
        return _plausible(networks[0](planes if config.mask else pixels))
    gray = np.repeat(pixels, config.channels, axis=2)
    result: Pixels = _plausible(networks[0](np.concatenate([gray, lost], axis=2))).mean(axis=2, keepdims=True)
    return result


def _plausible(residual: Pixels) -> Pixels:
    """Return the residual; raise ModelError if it is not finite or far too large, as with broken weights."""
    farthest = np.abs(residual).max(initial=0)
    if not farthest <= FARTHEST:  # also True for NaN
        values = f"values up to {farthest:.3g} (white is 1)" if np.isfinite(farthest) else "values that are not finite"
        raise ModelError(f"the network computes {values}: its weights are broken; use another model, or train it again")
    return residual

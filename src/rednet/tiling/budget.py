"""How much is restored at a time: decided before work starts, from what is free and what the container allows.

The largest pieces are taken wherever they fit, so that the result of one picture does not change by a rounding error
from run to run.
"""

from __future__ import annotations

from typing import NamedTuple

from rednet.errors import OptionError
from rednet.machine import available_memory
from rednet.network.architecture import STEP, REDNetConfig, round_up
from rednet.tiling.fringes import FRINGE_REACH
from rednet.tiling.scan import CONTEXT, band_rows, last_rows, strip_width

__all__ = [
    "DEFAULT_TILE",
    "Pieces",
    "Size",
    "choose_pieces",
    "pieces_memory",
    "whole_memory",
]

DEFAULT_TILE = 384  # px; 40 px of halo cost half as much work again; at 768 it would be a fifth, and above 1 GB
TILES = (DEFAULT_TILE, 256, 192, 128, 96, 64)
# In a whole run with tiles of 448 px, ncnn and all around it took about 1500 bytes a pixel that is read, with the
# shipped network (depth 20, width 64, stride 2; benchmarks/README.md): 24 floats a channel and sample, 4 of which are
# skips.
WORKING_FLOATS = 20
PROCESS_BYTES = 200_000_000  # all but the network; 182 MB were measured on 48 megapixels with a tiny one
SHARE_OF_FREE = 0.5  # of free memory is taken without being asked


class Pieces(NamedTuple):
    """In what pieces a picture is restored.

    Args:
        tile: side of a tile, px.
        bands: whether bands are used if the picture has more pixels than a tile and its halo.
    """

    tile: int
    bands: bool


class Size(NamedTuple):
    """What is to be restored.

    Args:
        height, width: of the picture, px.
        row_bytes: that one of its rows takes while it is in memory; 0 if the picture is there as a whole.
        halo: of a tile, px.
        bands: whether it can be restored in bands.
    """

    height: int
    width: int
    row_bytes: int
    halo: int
    bands: bool


def pieces_memory(config: REDNetConfig, pieces: Pieces, size: Size) -> int:
    """Estimates the peak of restoring a picture from top to bottom, bytes."""
    side = rows = pieces.tile + 2 * size.halo
    worked_on, kept = side * side, 0
    if pieces.bands and size.height * size.width > (pieces.tile + 2 * config.halo) ** 2:
        rows = band_rows(config) + config.halo + 2 * FRINGE_REACH
        strip = min(size.width, strip_width(config, size.width) + 2 * config.halo)
        scans = 3 if config.channels == 1 else 1  # a gray network takes the channels of a picture one by one
        worked_on, kept = strip * (band_rows(config) + last_rows(config)), scans * kept_bytes(config) * size.width
    samples = [layer.outputs / layer.sampling**2 for layer in config.layers]  # floats a px of each layer's output
    carried = sum(samples[layer.skip] for layer in config.layers if layer.skip is not None)
    floats = WORKING_FLOATS * max(samples) + carried
    return PROCESS_BYTES + int(4 * floats * worked_on) + kept + rows * size.row_bytes


def kept_bytes(config: REDNetConfig) -> int:
    """Counts what bands hand on, bytes for each column of px; see `scan.py`."""
    floats, lag, lags = 0.0, 0, []  # lag: px by which a layer's output is behind the picture
    for layer in config.layers:
        if layer.kind == "down":
            floats += layer.inputs / (layer.sampling // STEP)
            lag = round_up(lag, layer.sampling)
        elif layer.kind != "up":
            floats += CONTEXT * layer.inputs / layer.sampling
            lag += layer.sampling
        lags.append(lag)
        if layer.skip is not None:
            floats += (lag - lags[layer.skip]) / layer.sampling * layer.outputs / layer.sampling
    return int(4 * floats)


def whole_memory(pixels: int, channels: int, floats: tuple[int, int]) -> int:
    """Estimates the peak of work that needs a whole picture at once, without the network's, bytes.

    Args:
        pixels: of the picture at its largest, all pages together.
        channels: of it.
        floats: that a pixel takes at the worst time, besides and for each channel.
    """
    return PROCESS_BYTES + 4 * (floats[0] + floats[1] * channels) * pixels


def choose_pieces(config: REDNetConfig, size: Size, max_memory: int | None) -> Pieces:
    """Finds the largest pieces that fit: bands if what they keep fits, else tiles.

    Args:
        config: the network's shape.
        size: of the picture.
        max_memory: bytes that may be used; None for half of what is free.

    Raises:
        OptionError: not even the smallest fit.
    """
    limit = available_memory() * SHARE_OF_FREE if max_memory is None else max_memory
    for bands in (True, False) if size.bands else (False,):
        for tile in TILES:
            pieces = Pieces(max(tile // config.grid, 1) * config.grid, bands)
            needed = pieces_memory(config, pieces, size)
            if needed <= limit:
                return pieces
    raise OptionError(
        f"restoring this picture needs {needed / 1e6:.0f} MB of memory and {limit / 1e6:.0f} MB may be used; "
        "free some, or raise max_memory",
        option="max_memory",
    )

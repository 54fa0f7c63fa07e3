"""Chooses the size of the pieces before work starts, from the free memory of the machine and of its container.

We take the largest pieces that fit, so that in most cases two runs on a picture use the same pieces and their results
do not differ by rounding errors.
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

DEFAULT_TILE = 384  # px; a halo of 40 px adds half to the work. At 768 it would add a fifth, and need over 1 GB
TILES = (DEFAULT_TILE, 256, 192, 128, 96, 64)
# A whole run with tiles of 448 px and the shipped network (depth 20, width 64, stride 2; benchmarks/README.md) took
# about 1500 bytes for each pixel read: 24 floats for each channel and sample, 4 of them for skips.
WORKING_FLOATS = 20
PROCESS_BYTES = 200_000_000  # without the network; 182 MB were measured on 48 megapixels with a tiny network
FREE_FRACTION = 0.5  # of the free memory, if the user sets no limit


class Pieces(NamedTuple):
    """The pieces in which a picture is restored.

    Args:
        tile: side of a tile, px.
        bands: use bands if the picture has more pixels than a tile with its halo.
    """

    tile: int
    bands: bool


class Size(NamedTuple):
    """The size of the picture to restore, and the pieces that are possible.

    Args:
        height, width: of the picture, px.
        row_bytes: memory for one row of the picture, bytes; 0 if the whole picture is in memory anyway.
        halo: halo of a tile, px.
        bands: whether bands are possible.
    """

    height: int
    width: int
    row_bytes: int
    halo: int
    bands: bool


def pieces_memory(config: REDNetConfig, pieces: Pieces, size: Size) -> int:
    """Estimate the peak memory of restoring a picture from top to bottom, bytes."""
    side = rows = pieces.tile + 2 * size.halo
    worked_on, kept = side * side, 0
    if pieces.bands and size.height * size.width > (pieces.tile + 2 * config.halo) ** 2:
        rows = band_rows(config) + config.halo + 2 * FRINGE_REACH
        strip = min(size.width, strip_width(config, size.width) + 2 * config.halo)
        scans = 3 if config.channels == 1 else 1  # a gray network runs on each channel of a picture by itself
        worked_on, kept = strip * (band_rows(config) + last_rows(config)), scans * kept_bytes(config) * size.width
    samples = [layer.outputs / layer.sampling**2 for layer in config.layers]  # floats a px of each layer's output
    carried = sum(samples[layer.skip] for layer in config.layers if layer.skip is not None)
    floats = WORKING_FLOATS * max(samples) + carried
    return PROCESS_BYTES + int(4 * floats * worked_on) + kept + rows * size.row_bytes


def kept_bytes(config: REDNetConfig) -> int:
    """Return the memory that bands keep for the next band, bytes for each column of px; see `scan.py`."""
    floats, lag, lags = 0.0, 0, []  # lag: rows, px, by which a layer's output is behind the picture
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
    """Estimate the peak memory of work on a whole picture, without the network, bytes.

    Args:
        pixels: number of pixels of the picture at its largest, all pages together.
        channels: channels of the picture.
        floats: floats a pixel at the peak: (independent of the channels, for each channel).
    """
    return PROCESS_BYTES + 4 * (floats[0] + floats[1] * channels) * pixels


def choose_pieces(config: REDNetConfig, size: Size, max_memory: int | None) -> Pieces:
    """Return the largest pieces that fit into memory: bands if they fit, else tiles.

    Args:
        config: the network's shape.
        size: of the picture.
        max_memory: memory that may be used, bytes; None for half of the free memory.

    Raises:
        OptionError: not even the smallest pieces fit.
    """
    limit = available_memory() * FREE_FRACTION if max_memory is None else max_memory
    for bands in (True, False) if size.bands else (False,):
        for tile in TILES:
            pieces = Pieces(max(tile // config.grid, 1) * config.grid, bands)
            needed = pieces_memory(config, pieces, size)
            if needed <= limit:
                return pieces
    raise OptionError(
        f"restoring this picture needs {needed / 1e6:.0f} MB of memory and {limit / 1e6:.0f} MB may be used; "
        "free memory, or raise max_memory",
        option="max_memory",
    )
